from . import credit_control_line
from . import credit_control_policy
from . import credit_control_policy_level
from . import credit_control_run
from . import mail_mail
from . import ropo_request
