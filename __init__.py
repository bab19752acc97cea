# Services first: they load the models that they need, of which none needs a service.
from . import services  # isort: skip
from . import controllers, models, report, wizards
