from . import test_credit_control
from . import test_payment_order
