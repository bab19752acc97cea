"""Whatever a service sends, it is read, or refused by one of `channels/errors.py`: no
other error, nothing half kept, and nothing that a database could not hold.

The same documents in every run. ROPO_FUZZ_SEED=7 ROPO_FUZZ_DOCUMENTS=5000 reads as many
others; `make fuzz` does so for many seeds.
"""

import dataclasses
import datetime
import logging
import math
import os

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from ...channels.errors import ChannelError
from ...channels.inbound import RefusedError
from ...channels.values import YEARS
from .common import GOOD, ChannelTests, client
from .fuzz import Teller, contents
from .fuzz_readers import BY_ROPO_ONE, PDF, READERS, WEBHOOKS, messages
from .maventa import client as maventa

SEED = int(os.environ.get("ROPO_FUZZ_SEED", 0))
DOCUMENTS = int(os.environ.get("ROPO_FUZZ_DOCUMENTS", 800))
SETTINGS = settings(
    # Of each kind as many.
    max_examples=-(-DOCUMENTS // len([*READERS, *WEBHOOKS])),
    database=None,
    deadline=None,
    # Shrinking takes minutes, and what was drawn is small.
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
STATUSES = st.sampled_from(
    [*[200] * 12, 201, 201, 204, 302, 400, 400, 401, 404, 409, 422, 429, 500, 502, 503]
)
HEADER = st.text(
    st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=9
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Content-Type": st.sampled_from(["application/json", "text/html", "", "x;y=z"]),
        "Retry-After": st.sampled_from(["1", "9" * 400, "-1", "soon", "\xb2"]) | HEADER,
        "X-Next-Page": st.sampled_from(["", "2"]) | HEADER,
        "jobid": st.sampled_from(["28000001", "0", "x"]) | HEADER,
        "billnum": HEADER,
        "reference": HEADER,
        "ownref": HEADER,
    },
)
PDFS = st.one_of(
    st.binary(max_size=40).map(b"%PDF-1.4\n".__add__),
    st.binary(max_size=40),
    st.sampled_from([b"", b"%PDF", b"<html>%PDF-</html>"]),
)
CONTENTS = {}  # by the identity of its shape: to build them takes its time


def replies(shape):
    """Status, headers and octets of an answer that should be of this shape."""
    if id(shape) not in CONTENTS:
        octets = PDFS if shape is PDF else contents(shape)
        CONTENTS[id(shape)] = st.tuples(STATUSES, HEADERS, octets)
    return CONTENTS[id(shape)]


class TestFuzz(ChannelTests):
    @pytest.fixture(scope="class")
    @classmethod
    def teller(cls):
        teller = Teller()
        yield teller
        teller.stop()

    @pytest.fixture
    def errors(self):
        """What the channels logged as an error: nobody foresaw it."""
        found = []
        handler = logging.Handler()
        handler.emit = lambda record: found.append(handler.format(record))
        logger = logging.getLogger(ChannelError.__module__.rpartition(".")[0])
        before = logger.level  # nobody else asks for it: Odoo is quiet in tests
        logger.setLevel(logging.ERROR)
        logger.addHandler(handler)
        yield found
        logger.removeHandler(handler)
        logger.setLevel(before)

    @pytest.mark.parametrize("reader", READERS, ids=str)
    def test_whatever_is_answered_is_read_or_refused(
        self, reader, teller, errors, record_property
    ):
        make = client if reader.channel == BY_ROPO_ONE else maventa
        token = None if reader.name == "token" else GOOD
        shapes = {end: replies(shape) for end, shape in reader.shapes.items()}

        def read(answers):
            teller.answer = lambda path: answers[reader.end(path)]
            speaker = make(teller.url, token=token)
            try:
                return reader.read(speaker)
            except ChannelError as error:
                return error.detail
            finally:
                speaker.close()

        count = self.fuzz(st.fixed_dictionaries(shapes), read, errors)
        record_property(f"documents: {reader}", count)

    @pytest.mark.parametrize("shape", WEBHOOKS, ids=["list", "envelope"])
    def test_whatever_is_pushed_is_kept_whole_or_refused_whole(
        self, shape, errors, record_property
    ):
        def read(octets):
            try:
                return messages(octets)
            except RefusedError as error:
                assert 400 <= error.status < 500
                return str(error)

        count = self.fuzz(contents(shape), read, errors)
        record_property("documents: webhook", count)

    def fuzz(self, documents, read, errors):
        """Reads so many of them; how many they were."""
        count = 0

        @seed(SEED)
        @SETTINGS
        @given(documents)
        def each(document):
            nonlocal count
            count += 1
            errors.clear()
            found = read(document)
            assert not errors
            assert_storable(found)

        each()
        return count


def assert_storable(value):
    """Nothing in it that PostgreSQL refuses, or that is no date or sum of a ledger."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            assert_storable(getattr(value, field.name))
    elif isinstance(value, str):
        assert "\0" not in value
        value.encode()
    elif isinstance(value, float):
        assert math.isfinite(value)
    elif isinstance(value, datetime.date):
        assert value.year in YEARS
    elif isinstance(value, dict):
        assert_storable([*value, *value.values()])
    elif isinstance(value, list | tuple):
        for item in value:
            assert_storable(item)
