"""What the tests of the channels have in common."""

import contextlib
import datetime
import itertools
import logging
import socket
import ssl
import threading

import pytest

from ...channels.base import Frozen, Token
from ...channels.documents import (
    CapitalChange,
    Claim,
    Debtor,
    Delivery,
    Invoice,
    InvoiceRow,
    TaxTotal,
)
from ...channels.ropo_one import RopoOne
from ..common import Sandbox

CID, APICODE = "700001", "sandbox-apicode"


class ChannelTests:
    """Fixtures; a conftest.py would be imported before pytest knows Odoo's names."""

    @pytest.fixture(autouse=True)
    def direct(self, monkeypatch):
        """No proxy of this machine between a test and its server."""
        for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(name.upper(), raising=False)

    @pytest.fixture(scope="class")
    @classmethod
    def sandbox_process(cls):
        sandbox = Sandbox()
        yield sandbox
        sandbox.stop()

    @pytest.fixture
    def sandbox(self, sandbox_process):
        """A running sandbox, with nothing in it."""
        sandbox_process.reset()
        return sandbox_process

    @pytest.fixture
    def serve(self):
        """Starts servers that do what no honest one does: `serve(answer)`."""
        servers = []

        def start(answer, **values):
            servers.append(RawServer(answer, **values))
            return servers[-1]

        yield start
        for server in servers:
            server.stop()

    @pytest.fixture
    def log_text(self):
        """All that anybody has logged, at the chattiest level: `log_text()`."""
        lines = []
        handler = logging.Handler()
        handler.emit = lambda record: lines.append(handler.format(record))
        loggers = [logging.getLogger(name) for name in (None, "urllib3", "odoo")]
        levels = [logger.level for logger in loggers]
        for logger in loggers:
            logger.setLevel(logging.DEBUG)
        loggers[0].addHandler(handler)
        yield lambda: "\n".join(lines)
        loggers[0].removeHandler(handler)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def whole_text(error):
    """An error and all that it was caused by, as text."""
    seen = []
    while error:
        seen += [str(error), repr(error)]
        error = error.__cause__ or error.__context__
    return "\n".join(seen)


class RawServer:
    """A server on a socket: `answer(connection)` does to each request what it likes."""

    def __init__(self, answer, certificate=None):
        self.received = []
        self._answer = answer
        self._tls = None
        if certificate:
            self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._tls.load_cert_chain(certificate)
        self._socket = socket.create_server(("127.0.0.1", 0))
        scheme = "https" if certificate else "http"
        self.url = f"{scheme}://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self):
        # Closing alone would leave the thread in `accept`.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _address = self._socket.accept()
                threading.Thread(
                    target=self._serve_one, args=[connection], daemon=True
                ).start()

    def _serve_one(self, connection):
        with contextlib.suppress(OSError), connection:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            self.received.append(_whole_request(connection))
            self._answer(connection)


def _whole_request(connection):
    with connection.makefile("rb") as lines:
        head = list(itertools.takewhile(lambda line: line.strip(), lines))
        lengths = [line for line in head if line.lower().startswith(b"content-length")]
        body = lines.read(int(lengths[0].split(b":")[1])) if lengths else b""
    return b"".join([*head, b"\r\n", body]).decode("latin-1")


def says(status, body=b"", **headers):
    """An answer for `RawServer`, and the end of the connection."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    octets = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
    return lambda connection: connection.sendall(octets)


GOOD = Token("token", 2**40)


def client(url, cid=CID, apicode=APICODE, **values):
    credentials = {"cid": cid, "apicode": apicode}
    values = {"timeout": 2, **values}
    return RopoOne(url, credentials, loopback_http=True, **values)


def as_jobs(*payloads):
    return [Frozen("jobs", payload) for payload in payloads]


def as_payment(payload):
    return [Frozen("payment", payload)]


def as_print(payload):
    return [Frozen("localprint", payload)]


COMPANY = Debtor(
    name="Example Oy",
    is_company=True,
    street="Esimerkkikatu 1",
    street2="PL 7",
    zip="00100",
    city="Helsinki",
    country="FI",
    language="fi_FI",
    reference="C1001",
    registration_number="0000001-9",
    vat="FI00000019",
    email="invoices@example.com",
    phone="+358 9 1234567",
    contact_name="Accounts Payable",
)
PERSON = Debtor(
    name="Esimerkki Asiakas",
    is_company=False,
    street="Esimerkkikatu 2",
    zip="00200",
    city="Helsinki",
)


def invoice(**values):
    """10 h at 50.00 less 10 %, a text row, 25.5 % tax."""
    return Invoice(
        **{
            "own_reference": 17,
            "number": "INV/2026/00001",
            "date": datetime.date(2026, 2, 2),
            "due_date": datetime.date(2026, 2, 16),
            "currency": "EUR",
            "debtor": COMPANY,
            "rows": (
                InvoiceRow(name="Work in January"),
                InvoiceRow(
                    name="Work",
                    quantity=10,
                    price=50.0,
                    discount=10,
                    tax_percent=25.5,
                    net=450.0,
                    unit="h",
                    product_code="W1",
                ),
            ),
            "taxes": (TaxTotal(25.5, 450.0, 114.75),),
            "net": 450.0,
            "tax": 114.75,
            "total": 564.75,
            "payment_reference": "1232",
            "delivery": Delivery("evoice", "003700000019", "003700000000"),
            "buyer_reference": "PO 5",
            "note": "Thank you",
            **values,
        }
    )


def credit_note(**values):
    return invoice(number="RINV/2026/00001", is_credit=True, **values)


def claim(**values):
    return Claim(
        **{
            "own_reference": 18,
            "kind": "reminder",
            "number": "INV/2026/00002",
            "date": datetime.date(2026, 2, 2),
            "due_date": datetime.date(2026, 2, 16),
            "currency": "EUR",
            "debtor": PERSON,
            "amount": 55.32,
            "payment_reference": "4349",
            **values,
        }
    )


def change(**values):
    return CapitalChange(
        **{
            "date": datetime.date(2026, 3, 1),
            "amount": 20.0,
            "assignment": "28000001",
            **values,
        }
    )
