"""Whatever may come in: documents of the published contract, the same with odd values
in them, any other JSON, and octets that are none."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from hypothesis import strategies as st

CONTRACT = Path(__file__).resolve().parents[2] / "sandbox" / "contract"

# Values that a field may have although no document says so.
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**25, 10**400, -(2**63), 0, -1]),
    st.floats(),
    st.sampled_from([1e300, 5e-324, float("inf"), float("nan")]),
    st.text(max_size=20),
    st.sampled_from(
        [
            *(
                "",
                " ",
                "-1",
                "1,50",
                "\N{MINUS SIGN}5.00 EUR",
                "1e999",
                "²",
                "٣",
                "nan",
            ),
            *(
                "0",
                "2026-02-30",
                "0001-01-01T00:00:00+23:59",
                "9999-12-31T23:59:59-23:59",
            ),
            *("x" * 300, "9" * 400, "\ud800", "\udfff" * 300, "a\0b", "\u202e<script>"),
        ]
    ),
    st.just([]),
    st.just({}),
    st.recursive(
        st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(st.text(max_size=3), inner, max_size=2)
        ),
        max_leaves=4,
    ),
)
WORDS = st.text(max_size=20) | st.sampled_from(
    ["1", "INV/1", "payment", "comment", "98"]
)
ANY_JSON = st.recursive(
    ODD,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
NO_JSON = st.one_of(
    st.binary(max_size=50),
    st.sampled_from(
        [
            b"",
            b"{",
            b"[" * 5000,
            b'{"a":' * 5000,
            b"[" + b"9" * 5000 + b"]",
            b"<html><body>502 Bad Gateway</body></html>",
            '{"error": "ä"}'.encode("latin-1"),
            '{"error": "ä"}'.encode("utf-16"),
            b'\xef\xbb\xbf{"error": "BOM"}',
        ]
    ),
)


def published(document, name):
    """The schema of that name in the published contract, whole."""
    contract = json.loads((CONTRACT / document).read_text(encoding="utf-8"))
    schemas = contract["components"]["schemas"]

    def whole(part):
        if isinstance(part, list):
            return [whole(item) for item in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return whole(schemas[part["$ref"].rsplit("/", 1)[-1]])
        return {key: whole(item) for key, item in part.items()}

    return whole(schemas[name])


def documents_of(schema):
    """What keeps to a schema of the contract; no library for it runs with Hypothesis of
    today. A list has up to three rows, any key may be missing."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    types = schema["type"]
    kinds = [types] if isinstance(types, str) else types
    return st.one_of([_KINDS[kind](schema) for kind in kinds])


_KINDS = {
    "null": lambda _schema: st.none(),
    "boolean": lambda _schema: st.booleans(),
    "integer": lambda _schema: st.integers(-1, 10**9),
    "number": lambda _schema: (
        st.integers(-1, 10**9) | st.decimals(-(10**6), 10**6, places=2).map(float)
    ),
    "string": lambda schema: _FORMATS.get(schema.get("format"), WORDS),
    "array": lambda schema: st.lists(documents_of(schema["items"]), max_size=3),
    "object": lambda schema: st.fixed_dictionaries(
        {}, optional={k: documents_of(v) for k, v in schema["properties"].items()}
    ),
}
_FORMATS = {
    "date": st.dates().map(str),
    "date-time": st.datetimes().map(lambda moment: moment.isoformat()),
    "uuid": st.uuids().map(str),
}


def contents(schema):
    """The octets of answers that should be of this schema."""
    good = documents_of(schema)
    return st.one_of(
        good.map(_octets), bent(good).map(_octets), ANY_JSON.map(_octets), NO_JSON
    )


@st.composite
def bent(draw, documents):
    """A document with odd values, or with nothing, in some of its places."""
    document = draw(documents)
    for _change in range(draw(st.integers(1, 3))):
        places = list(_places(document))
        if not places:
            return draw(ODD)
        holder, key = draw(st.sampled_from(places))
        if draw(st.integers(0, 4)):
            holder[key] = draw(ODD)
        else:
            del holder[key]
    return document


def _places(value):
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])


def _octets(document):
    """As a careless writer has it: NaN, and halves of characters."""
    return json.dumps(document).encode()


class Teller:
    """A server that answers each call as `answer(path)` says: `(status, headers,
    octets)`."""

    def __init__(self):
        self.answer = None
        teller = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def reply(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, headers, octets = teller.answer(self.path.partition("?")[0])
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", str(len(octets)))
                self.end_headers()
                self.wfile.write(b"" if status == 204 else octets)

            do_GET = do_POST = do_PUT = do_DELETE = reply

            def log_message(self, *_arguments):
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
