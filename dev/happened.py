"""A plugin of pytest: what the tests of a walk say that happened is in the report of
their run, where a campaign counts it."""

import pytest


@pytest.fixture(autouse=True)
def happened(request, record_property):
    if hasattr(request.instance, "happened"):
        request.instance.happened = record_property
