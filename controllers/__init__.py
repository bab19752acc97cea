from . import ropo_disclosure, ropo_monitoring, ropo_statement, ropo_webhook
