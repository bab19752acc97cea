from . import inbox
from . import outbox
