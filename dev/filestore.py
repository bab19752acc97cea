"""A plugin of pytest: the workers share one filestore, so none may tidy it up."""

import os

import pytest

from odoo.tests import TransactionCase


@pytest.fixture(scope="session", autouse=True)
def files_of_the_other_worker():
    """Leaves the filestore alone, which all workers share.

    After each class Odoo deletes the files that its own database knows nothing of:
    those that a test of the other worker just made. The whole filestore is dropped
    with the databases.
    """
    with pytest.MonkeyPatch.context() as patch:
        if "PYTEST_XDIST_WORKER" in os.environ:
            patch.setattr(TransactionCase, "_gc_filestore", classmethod(_keep))
        yield


def _keep(_case):
    pass
