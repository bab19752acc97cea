from . import ropo_disclosure, ropo_webhook
