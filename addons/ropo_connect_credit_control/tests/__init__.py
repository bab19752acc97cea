from . import test_credit_control
from . import test_einvoice_address
from . import test_payment_order
from . import test_translations
