"""A plugin of pytest: the company that most tests book with is made once a worker.

To make one, with its chart of accounts, takes most of the time of setting a class up.
Where Odoo's own runner runs the tests, each class makes its own.
"""

import pytest

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests.common import get_db_name


@pytest.fixture(scope="session", autouse=True)
def company_with_books(load_registry):
    """Makes it for good, in the worker's own copy of the database."""
    from odoo.addons.ropo_connect.tests.common import RopoCommon

    with Registry(get_db_name()).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, RopoCommon.default_env_context())
        RopoCommon.make_company(env)
    yield
