"""Tokens: who may call, and for how long."""

import base64
import json
import time

import pytest


def _claims(token):
    head, body, _signature = token.split(".")
    return [json.loads(base64.urlsafe_b64decode(part + "==")) for part in (head, body)]


def test_a_token_is_a_jwt_valid_for_two_hours(ropo):
    head, claims = _claims(ropo.token())
    assert head == {"typ": "JWT", "alg": "HS512"}
    assert claims["sub"] == "700001"
    assert claims["exp"] - claims["iat"] == 7200
    assert abs(claims["iat"] - time.time()) < 5


@pytest.mark.parametrize(
    "body",
    [
        {"cid": "700001", "apicode": "wrong"},
        {"cid": "1", "apicode": "sandbox-apicode"},
        {"cid": 700001, "apicode": "sandbox-apicode"},
        {"cid": ["700001"], "apicode": "sandbox-apicode"},
        {"cid": "700001"},
        [],
    ],
)
def test_wrong_credentials_get_400_with_the_vendors_shape(ropo, body):
    answer = ropo.http.post(f"{ropo.url}/rest/token", json=body, timeout=5)
    assert answer.status_code == 400
    assert set(answer.json()) == {"errorId", "errorText"}


CALLS = [
    ("POST", "/jobs"),
    ("GET", "/jobs?jobid=1"),
    ("POST", "/jobs/payment"),
    ("POST", "/jobs/creditnote"),
    ("GET", "/jobs/pdf?jobid=1"),
    ("GET", "/jobs/statusupdates"),
    ("POST", "/jobs/findbyendcustomer"),
    ("POST", "/jobs/preview"),
    ("POST", "/jobs/localprint"),
    ("GET", "/online/onlinelink?billnum=1"),
]


@pytest.mark.parametrize("method, path", CALLS)
@pytest.mark.parametrize(
    "header", [None, "Bearer nonsense", "Basic abc", "Bearer a.b.c"]
)
def test_every_other_call_needs_a_good_token(ropo, method, path, header):
    headers = {"Authorization": header} if header else {}
    answer = ropo.http.request(
        method, f"{ropo.url}/rest{path}", headers=headers, json={}, timeout=5
    )
    assert answer.status_code == 401


def test_a_forged_token_is_refused(ropo):
    head, body, signature = ropo.token().split(".")
    ropo.http.headers["Authorization"] = f"Bearer {head}.{body}x.{signature}"
    assert ropo.call("GET", "/jobs/statusupdates").status_code == 401


def test_an_expired_token_is_refused_and_a_fresh_one_taken(ropo):
    short = ropo.profile(token_lifetime=0)
    assert short.call("GET", "/jobs/statusupdates").status_code == 401
    fresh = ropo.profile(token_lifetime=60)
    assert fresh.call("GET", "/jobs/statusupdates").status_code == 204
