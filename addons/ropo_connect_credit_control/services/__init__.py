from . import credit_control
from . import followup
