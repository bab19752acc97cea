from . import ropo_webhook
