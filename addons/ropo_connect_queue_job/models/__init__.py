from . import ropo_account
