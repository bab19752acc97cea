"""Maventa's tokens: who may call, for how long, and what."""

import pytest
from maventa_client import COMPANY, SCOPES, UNKNOWN

ID = UNKNOWN
CALLS = [
    ("GET", "/oauth2/current"),
    ("GET", "/v2/services/ropo/receivables"),
    ("PUT", "/v2/services/ropo/receivables"),
    ("DELETE", "/v2/services/ropo/receivables"),
    ("POST", "/v1/invoices"),
    ("GET", "/v1/invoices"),
    ("GET", f"/v1/invoices/{ID}"),
    ("POST", f"/v2/invoices/{ID}/assignment/ropo"),
    ("GET", f"/v2/invoices/{ID}/assignment"),
    ("GET", "/v1/assignments"),
    ("GET", f"/v1/assignments/{ID}"),
    ("GET", f"/v1/assignments/{ID}/events"),
    ("POST", f"/v1/assignments/{ID}/events"),
    ("POST", f"/v1/assignments/{ID}/events/{ID}/seen"),
    ("GET", "/v1/events"),
]


def test_a_token_lives_sixty_minutes_and_says_its_scopes(maventa):
    body = maventa.ask_token().json()
    assert body.pop("access_token")
    assert body == {"token_type": "bearer", "expires_in": 3600, "scope": SCOPES}


def test_a_token_can_be_asked_for_as_multipart_too(maventa):
    form = {
        "grant_type": "client_credentials",
        "client_id": COMPANY,
        "client_secret": "sandbox-user-api-key",
        "vendor_api_key": "sandbox-vendor-api-key",
        "scope": "lookup",
    }
    parts = {name: (None, value) for name, value in form.items()}
    url = f"{maventa.url}/oauth2/token"
    answer = maventa.http.post(url, files=parts, timeout=10)
    assert answer.json()["scope"] == "lookup"


def test_without_scope_a_token_opens_no_receivables(maventa):
    scope = maventa.ask_token(scope=None).json()["scope"]
    assert scope.split() == [
        "company:read",
        "company:write",
        "document:receive",
        "document:send",
        "lookup",
    ]


@pytest.mark.parametrize(
    "changes, status, code",
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": None}, 400, "unsupported_grant_type"),
        ({"client_id": UNKNOWN}, 401, "invalid_client"),
        ({"client_id": "not-a-uuid"}, 401, "invalid_client"),
        ({"client_id": None}, 401, "invalid_client"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_secret": None}, 401, "invalid_client"),
        ({"vendor_api_key": "wrong"}, 401, "invalid_vendor_api_key"),
        ({"vendor_api_key": None}, 401, "invalid_vendor_api_key"),
        ({"scope": "receivables:all"}, 400, "invalid_scope"),
    ],
)
def test_wrong_credentials_are_refused_in_maventas_shape(
    maventa, changes, status, code
):
    maventa.refused(maventa.ask_token(**changes), status, code)


@pytest.mark.parametrize("method, path", CALLS)
@pytest.mark.parametrize("header", [None, "Bearer nonsense", "Bearer a.b.c"])
def test_every_other_call_needs_a_good_token(maventa, method, path, header):
    headers = {"Authorization": header} if header else {}
    url = f"{maventa.url}{path}"
    answer = maventa.http.request(method, url, headers=headers, json={}, timeout=5)
    maventa.refused(answer, 401, "unauthorized")


@pytest.mark.parametrize("method, path", CALLS[1:])
def test_every_call_needs_the_right_scope_and_says_401_without(maventa, method, path):
    client = maventa.as_company(COMPANY, "lookup")
    answer = client.call(method, path, json={})
    message = client.refused(answer, 401, "insufficient_scope")
    assert "it needs " in message


def test_an_expired_token_is_refused_and_a_fresh_one_taken(maventa):
    short = maventa.new_company(token_lifetime=0)
    short.refused(short.call("GET", "/oauth2/current"), 401, "unauthorized")
    fresh = maventa.new_company(token_lifetime=60)
    assert fresh.get("/oauth2/current")["company"]["id"] == fresh.company


def test_the_token_of_the_other_channel_opens_nothing(maventa, ropo):
    maventa.http.headers["Authorization"] = f"Bearer {ropo.token()}"
    maventa.refused(maventa.call("GET", "/v1/events"), 401, "unauthorized")
    ropo.http.headers["Authorization"] = (
        f"Bearer {maventa.ask_token().json()['access_token']}"
    )
    assert ropo.call("GET", "/jobs/statusupdates").status_code == 401


def test_a_company_without_the_right_gets_a_token_without_the_scope(maventa):
    client = maventa.new_company(no_right_to=["receivables:assignments"])
    scope = client.ask_token().json()["scope"]
    assert scope == "company:read company:write invoice:send"
    answer = client.call("GET", "/v1/assignments")
    client.refused(answer, 401, "insufficient_scope")


def test_the_token_says_whose_it_is(maventa):
    body = maventa.get("/oauth2/current")
    assert body["company"]["name"] == "Sandbox Maventa"
    assert body["scopes"] == SCOPES.split()


@pytest.mark.parametrize("kind", ["x-www-form-urlencoded", "octet-stream"])
def test_a_form_that_nobody_can_read_is_refused(maventa, kind):
    answer = maventa.http.post(
        f"{maventa.url}/oauth2/token",
        data=b"grant_type=\xff\xfe&client_id=%ff",
        headers={"Content-Type": f"application/{kind}"},
        timeout=5,
    )
    maventa.refused(answer, 400, "unsupported_grant_type")
