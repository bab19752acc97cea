from . import test_jobs
from . import test_translations
from . import test_two_hosts
