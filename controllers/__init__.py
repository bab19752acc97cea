from . import ropo_disclosure, ropo_statement, ropo_webhook
