"""Each call of the client as it is made, octet by octet, and what each odd reply is
taken for."""

import base64
import datetime
import json
import time

import pytest

from ...channels.base import Found, Frozen, Token
from ...channels.documents import CaseRef
from ...channels.errors import (
    CredentialsRefused,
    NotSent,
    Outcome,
    Reason,
    Rejected,
    Unknown,
)
from ...channels.ropo_one import client as module
from .common import (
    APICODE,
    CID,
    GOOD,
    ChannelTests,
    as_jobs,
    as_payment,
    as_print,
    client,
    says,
)

PDF = b"%PDF-1.7 whole"
FACTS = {"invoice_number": "A/1", "status": "reminder"}  # of an invoice of a debtor


def in_words(**body):
    return says("200 OK", json.dumps(body).encode())


def refuses(status, **body):
    return says(status, json.dumps(body).encode())


def asked(server):
    """The last request: its line, its token, and its body as JSON."""
    head, _, body = server.received[-1].partition("\r\n\r\n")
    line, *headers = head.split("\r\n")
    (token,) = [h.split(" ")[-1] for h in headers if h.startswith("Authorization")] or [
        ""
    ]
    return line.removesuffix(" HTTP/1.1"), token, json.loads(body) if body else None


class TestCalls(ChannelTests):
    """What goes out."""

    def test_documents_go_in_one_call_with_the_contents_of_their_files(self, serve):
        server = serve(in_words(result=[]))
        file = {"attachmentname": "a.txt", "attachmentfile": "sha1:abc"}
        jobs = as_jobs({"ownref": "1", "attachment": [file]}, {"ownref": "2"})
        client(server.url, token=GOOD).send(jobs, {"abc": b"hours"})
        line, token, body = asked(server)
        assert (line, token) == ("POST /rest/jobs", "token")
        content = base64.b64encode(b"hours").decode()
        sent = {"ownref": "1", "attachment": [{**file, "attachmentfile": content}]}
        assert body == {"datastream": {"dataset": [sent, {"ownref": "2"}]}}

    def test_a_payment_goes_alone_with_the_sign_that_is_set(self, serve):
        server = serve(in_words(statusid=1))
        for sign, amount in (("1", 20.0), ("-1", -20.0)):
            settings = {"payment_sign": sign}
            ropo = client(server.url, token=GOOD, settings=settings)
            ropo.send(as_payment({"jobid": 7, "amount": 20.0}))
            line, token, body = asked(server)
            assert (line, token) == ("POST /rest/jobs/payment", "token")
            assert body == {"jobid": 7, "amount": amount}

    def test_local_print_and_preview_go_where_the_settings_say(self, serve):
        server = serve(says("200 OK", PDF))
        ropo = client(server.url, token=GOOD)
        other = client(
            server.url,
            token=GOOD,
            settings={"path_localprint": "/print", "path_preview": "/show"},
        )
        expected = {"datastream": {"dataset": [{"billnum": "3"}]}}
        for caller, printed, shown in (
            (ropo, "/jobs/localprint", "/jobs/preview"),
            (other, "/print", "/show"),
        ):
            caller.send(as_print({"billnum": "3"}))
            assert asked(server) == (f"POST /rest{printed}", "token", expected)
            assert caller.preview(Frozen("jobs", {"billnum": "3"})) == PDF
            assert asked(server) == (f"POST /rest{shown}", "token", expected)

    @pytest.mark.parametrize(
        ("case", "which", "query"),
        [
            (CaseRef("7", "A/1"), "original", "jobid=7&origdata=1"),
            (CaseRef("7", "A/1"), "letter", "jobid=7&origdata=0"),
            (CaseRef("", "A/1"), "original", "billnum=A%2F1&origdata=1"),
        ],
    )
    def test_a_document_is_asked_for_by_its_case_and_its_kind(
        self, serve, case, which, query
    ):
        server = serve(says("200 OK", PDF))
        assert client(server.url, token=GOOD).document(case, which) == PDF
        assert asked(server)[0] == f"GET /rest/jobs/pdf?{query}"

    def test_a_document_may_be_as_large_as_twenty_megabytes(self, serve):
        whole = PDF.ljust(module.PDF_LIMIT, b" ")
        server = serve(says("200 OK", whole))
        ropo = client(server.url, token=GOOD, timeout=20)
        assert len(ropo.document(CaseRef("7"))) == len(whole)
        (answer,) = ropo.send(as_print({"billnum": "3"}))
        assert len(answer.document) == len(whole)

    def test_a_document_that_is_larger_is_not_read(self, serve):
        server = serve(says("200 OK", PDF.ljust(module.PDF_LIMIT + 1, b" ")))
        ropo = client(server.url, token=GOOD, timeout=20)
        (answer,) = ropo.send(as_print({"billnum": "3"}))
        assert (answer.outcome, answer.reason) == (Outcome.UNKNOWN, Reason.TOO_LARGE)

    def test_each_read_asks_for_what_it_names(self, serve):
        server = serve(in_words(jobs=[], result={"status": []}, url="https://a.fi/x"))
        ropo = client(server.url, token=GOOD)
        ropo.assignment_state("7")
        assert asked(server) == ("GET /rest/jobs?jobid=7", "token", None)
        ropo.history(CaseRef("7", "A/1"))
        assert asked(server)[0] == "GET /rest/jobs/statusupdates?billnum=A%2F1"
        assert list(ropo.updates()) == []
        assert asked(server)[0] == "GET /rest/jobs/statusupdates"
        ropo.customer_invoices("C1")
        assert asked(server) == (
            "POST /rest/jobs/findbyendcustomer",
            "token",
            {"custnum": "C1", "all_invoices": 1},
        )
        assert ropo.debtor_page(CaseRef("7", "A/1")) == "https://a.fi/x"
        assert asked(server)[0] == "GET /rest/online/onlinelink?billnum=A%2F1"

    def test_the_conformance_run_chooses_token_and_credentials(self, serve):
        server = serve(in_words(token="fresh"))
        ropo = client(server.url, token=GOOD)
        ropo.exchange("POST", "/jobs", token="other", body={"a": 1})
        assert asked(server) == ("POST /rest/jobs", "other", {"a": 1})
        ropo.exchange("GET", "/jobs", params={"jobid": "7"})
        assert asked(server) == ("GET /rest/jobs?jobid=7", "token", None)
        ropo.exchange_token(apicode="wrong")
        expected = {"cid": CID, "apicode": "wrong"}
        assert asked(server) == ("POST /rest/token", "", expected)

    def test_a_repeated_call_is_logged_as_the_second(self, serve, log_text):
        answers = iter([says("401 Unauthorized"), in_words(token="fresh")])
        server = serve(lambda c: next(answers, in_words(result=[]))(c))
        client(server.url, token=GOOD).send(as_jobs({"ownref": "1"}))
        calls = [
            line.rpartition(" ")[2]
            for line in log_text().split("\n")
            if "/rest/jobs" in line and "attempt=" in line
        ]
        assert calls == ["attempt=1", "attempt=2"]

    def test_a_call_of_the_conformance_run_is_logged_as_the_second_too(
        self, serve, log_text
    ):
        answers = iter([says("401 Unauthorized"), in_words(token="fresh")])
        server = serve(lambda c: next(answers, in_words(result=[]))(c))
        client(server.url, token=GOOD).exchange("GET", "/jobs")
        calls = [
            line.rpartition(" ")[2]
            for line in log_text().split("\n")
            if "/rest/jobs" in line and "attempt=" in line
        ]
        assert calls == ["attempt=1", "attempt=2"]

    def test_all_updates_of_a_day_come_page_by_page_until_one_is_not_full(self, serve):
        full = [{"statusid": n} for n in range(module.STATUS_PAGE)]
        rest = [{"statusid": 7}]
        for last in (rest, []):
            answers = iter([full, last])
            server = serve(lambda c, a=answers: in_words(result={"status": next(a)})(c))
            ropo = client(server.url, token=GOOD)
            pages = list(ropo.day(datetime.date(2026, 3, 1)))
            assert [page.rows for page in pages] == [full, last]
            assert [page.is_last for page in pages] == [False, True]
            line = "GET /rest/jobs/statusupdates?date=2026-03-01"
            assert asked(server)[0] == line

    def test_status_updates_may_take_longer_than_other_calls(self, serve):
        def slowly(connection):
            time.sleep(1.5)
            in_words(result={"status": []})(connection)

        ropo = client(serve(slowly).url, token=GOOD, timeout=1)
        assert ropo.history(CaseRef("", "A/1")) == []

    def test_a_token_that_is_put_in_is_the_one_that_is_used(self, serve):
        server = serve(in_words(jobid=7))
        ropo = client(server.url, token=GOOD)
        ropo.token = Token("other", GOOD.expires)
        ropo.assignment_state("7")
        assert asked(server)[1] == "other"
        assert ropo.token.value == "other"

    def test_the_fingerprint_tells_hosts_and_credentials_apart(self):
        urls = "http://127.0.0.1:1", "http://127.0.0.1:2"
        prints = [client(urls[0]).fingerprint, client(urls[1]).fingerprint]
        prints += [client(urls[0], cid="1").fingerprint]
        prints += [client(urls[0], apicode="1").fingerprint]
        assert len(set(prints)) == 4
        assert client(urls[0]).fingerprint == prints[0]
        assert all(isinstance(each, str) for each in prints)

    def test_a_client_knows_whose_records_it_is_about(self, serve):
        ropo = client("http://127.0.0.1:1", profile="ropo_one:700001")
        assert ropo.profile == "ropo_one:700001"
        assert client("http://127.0.0.1:1").profile == ""
        assert ropo.secrets == (APICODE,)
        assert ropo.setting("status_rows") == "result.status"


class TestReplies(ChannelTests):
    """What odd replies are taken for."""

    def error(self, serve, answer, act, **values):
        ropo = client(serve(answer).url, token=GOOD, **values)
        with pytest.raises((Rejected, Unknown, NotSent)) as caught:
            act(ropo)
        return type(caught.value), caught.value.reason, caught.value.detail

    def read_state(self, ropo):
        return ropo.assignment_state("7")

    def test_a_number_that_is_taken_is_known_by_ropos_words_and_by_those_that_are_set(
        self, serve
    ):
        jobs = as_jobs({"ownref": "1"}, {"ownref": "2"})
        for text, words, is_duplicate in (
            ("Varattu numero", "", False),
            ("Varattu numero", "Varattu", True),
            ("The number is already in use", "", True),
        ):
            server = serve(refuses("400 Bad Request", errorText=text))
            settings = {"duplicate_words": words}
            ropo = client(server.url, token=GOOD, settings=settings)
            (answer,) = ropo.send(jobs[:1])
            assert (answer.error, answer.is_duplicate) == (text, is_duplicate)
            # Of which of several it speaks, nobody knows.
            assert not any(answer.is_duplicate for answer in ropo.send(jobs))

    def test_a_payment_is_refused_by_its_status_where_it_has_no_code(self, serve):
        server = serve(refuses("400 Bad Request", errorText="No such case"))
        (answer,) = client(server.url, token=GOOD).send(as_payment({"jobid": 7}))
        assert (answer.outcome, answer.error) == (Outcome.REJECTED, "No such case")

    def test_what_the_api_refuses_is_rejected_with_its_words(self, serve):
        said = refuses("400 Bad Request", errorText="No such job")
        expected = (Rejected, Reason.REFUSED, "No such job")
        assert self.error(serve, said, self.read_state) == expected
        wordless = refuses("422 Unprocessable", errorId=5)
        expected = (Rejected, Reason.REFUSED, "HTTP 422")
        assert self.error(serve, wordless, self.read_state) == expected

    def test_what_a_gateway_says_tells_nothing_of_the_call(self, serve):
        odd = refuses("400 Bad Request", errorText="x" * 300, trace=1)
        kind, reason, detail = self.error(serve, odd, self.read_state)
        assert (kind, reason) == (Unknown, Reason.GATEWAY)
        assert detail == ("HTTP 400: " + "x" * 300)[: module.LONGEST_DETAIL]
        wordless = refuses("409 Conflict", trace=1)
        expected = (Unknown, Reason.GATEWAY, "HTTP 409")
        assert self.error(serve, wordless, self.read_state) == expected
        # The same, where it is said that the API has such a key of its own.
        own = {"error_keys": "trace"}
        found = self.error(serve, odd, self.read_state, settings=own)
        assert found[:2] == (Rejected, Reason.REFUSED)

    def test_a_reply_that_is_no_object_or_has_no_rows_can_not_be_read(self, serve):
        listed = says("200 OK", b"[]")
        expected = (Unknown, Reason.UNREADABLE, "HTTP 200")
        assert self.error(serve, listed, self.read_state) == expected
        empty = in_words(other=1)
        assert self.error(serve, empty, lambda ropo: ropo.status_rows()) == (
            Unknown,
            Reason.UNREADABLE,
            "result.status",
        )
        assert self.error(serve, empty, lambda ropo: ropo.customer_invoices("C1")) == (
            Unknown,
            Reason.UNREADABLE,
            "jobs",
        )

    def test_what_is_no_pdf_is_named_so(self, serve):
        found = self.error(
            serve, says("200 OK", b"<html>"), lambda ropo: ropo.document(CaseRef("7"))
        )
        assert found == (Rejected, Reason.UNREADABLE, "PDF")

    def test_a_preview_that_is_refused_says_why(self, serve):
        def preview(ropo):
            return ropo.preview(Frozen("jobs", {"ownref": "1"}))

        said = refuses("400 Bad Request", errorText="No city")
        assert self.error(serve, said, preview) == (
            Rejected,
            Reason.REFUSED,
            "No city",
        )
        wordless = refuses("400 Bad Request", errorId=5)
        assert self.error(serve, wordless, preview) == (
            Rejected,
            Reason.REFUSED,
            "HTTP 400",
        )

    def test_the_end_of_foreign_words_stays(self, serve):
        odd = refuses("400 Bad Request", errorText="No box X", trace=1)
        found = self.error(serve, odd, self.read_state)
        assert found == (Unknown, Reason.GATEWAY, "HTTP 400: No box X")

    def test_what_can_not_even_be_made_is_unknown_for_each_of_the_batch(self, serve):
        server = serve(in_words(result=[]))
        file = {"attachmentname": "a.txt", "attachmentfile": "sha1:abc"}
        jobs = as_jobs({"ownref": "1", "attachment": [file]}, {"ownref": "2"})
        answers = client(server.url, token=GOOD).send(jobs)
        found = [(answer.outcome, answer.reason) for answer in answers]
        assert found == [(Outcome.UNKNOWN, Reason.UNREADABLE)] * 2
        assert not server.received

    # --- where cases stand ---

    def standings(self, serve, jobs, *cases, state=None):
        known = in_words(jobs=[{**FACTS, **job} for job in jobs])
        state = state or in_words(jobid=7, currentstatus=5)

        def answer(connection):
            if "findbyendcustomer" not in server.received[-1]:
                state(connection)
            else:
                assert '"custnum": "C1"' in server.received[-1]
                known(connection)

        server = serve(answer)
        found = client(server.url, token=GOOD).standings(cases)
        return found, [line.split(" HTTP")[0] for line in server.received]

    def test_the_invoices_of_a_debtor_are_asked_for_once(self, serve):
        jobs = [
            {"case_number": 7, "open_amount": 10},
            {"case_number": 8, "open_amount": 20},
        ]
        found, calls = self.standings(
            serve, jobs, CaseRef("7", "A/1", "C1"), CaseRef("8", "A/1", "C1")
        )
        assert [each.outcome for each in found] == [Outcome.ACCEPTED] * 2
        assert [each.open_amount for each in found] == [10, 20]
        assert [each.state.assignment for each in found] == ["7", "7"]
        assert [each.error for each in found] == [None, None]
        assert calls == [
            "GET /rest/jobs?jobid=7",
            "POST /rest/jobs/findbyendcustomer",
            "GET /rest/jobs?jobid=8",
        ]

    def test_what_is_not_known_of_a_case_is_not_asked_for(self, serve):
        found, calls = self.standings(
            serve, [{"open_amount": 10}], CaseRef("", "A/1", "C1"), CaseRef("7", "A/1")
        )
        assert [each.state and each.state.assignment for each in found] == [None, "7"]
        assert [each.open_amount for each in found] == [10, None]
        assert calls == [
            "POST /rest/jobs/findbyendcustomer",
            "GET /rest/jobs?jobid=7",
        ]

    def test_what_could_not_be_had_stands_in_the_standing(self, serve):
        refused = refuses("400 Bad Request", errorText="No such job")
        ((found,), _calls) = self.standings(serve, [], CaseRef("7"), state=refused)
        assert (found.outcome, found.state) == (Outcome.REJECTED, None)
        assert (type(found.error), found.error.detail) == (Rejected, "No such job")

    def test_a_case_that_is_odd_keeps_no_other_from_standing(self, monkeypatch, serve):
        state = module.answers.assignment_state
        odd = iter([True, False])

        def read(body):
            if next(odd):
                raise ValueError("an odd state")
            return state(body)

        monkeypatch.setattr(module.answers, "assignment_state", read)
        (first, second), _calls = self.standings(serve, [], CaseRef("7"), CaseRef("7"))
        assert first.outcome == Outcome.UNKNOWN
        assert first.error.reason == Reason.UNREADABLE
        assert second.outcome == Outcome.ACCEPTED

    # --- whether a document is there ---

    def test_of_several_of_a_number_one_arrived_and_which_is_not_known(self, serve):
        jobs = [{**FACTS, "case_number": 7}, {**FACTS, "case_number": 8}]
        ropo = client(serve(in_words(jobs=jobs)).url, token=GOOD)
        body = {"billnum": "A/1", "custnum": "C1", "jobtype": 1}
        assert ropo.find(Frozen("jobs", body)) == Found(True, "")

    def find_note(self, serve, answer):
        note = Frozen("jobs", {"billnum": "R/1", "totalamount": -10})
        return client(serve(answer).url, token=GOOD).find(note).arrived

    def test_a_credit_note_is_there_when_its_document_is(self, serve):
        assert self.find_note(serve, says("200 OK", PDF)) is True
        refused = refuses("400 Bad Request", errorText="No such document")
        assert self.find_note(serve, refused) is False
        # There is something, which is no document.
        assert self.find_note(serve, says("200 OK", b"<html>")) is None

    # --- the token ---

    def token_error(self, serve, answer):
        ropo = client(serve(answer).url)
        with pytest.raises(NotSent) as caught:
            ropo.connect()
        return type(caught.value), caught.value.reason, caught.value.detail

    def test_a_token_lasts_two_hours(self, serve):
        token = client(serve(in_words(token="fresh")).url).connect()
        assert token.value == "fresh"
        assert abs(token.expires - time.time() - 7200) < 60
        assert isinstance(token, Token)

    @pytest.mark.parametrize("body", [b"[]", b'"token"', b"{}", b'{"token": 5}'])
    def test_a_reply_without_a_token_says_that_nothing_was_sent(self, serve, body):
        expected = (NotSent, Reason.UNREADABLE, "HTTP 200")
        assert self.token_error(serve, says("200 OK", body)) == expected

    def test_what_can_not_be_read_keeps_its_detail(self, serve):
        found = self.token_error(serve, says("200 OK", b"<html>"))
        assert found == (NotSent, Reason.UNREADABLE, "HTTP 200")

    @pytest.mark.parametrize(
        ("status", "body", "expected"),
        [
            (
                "400 Bad Request",
                {"errorText": "Wrong"},
                (CredentialsRefused, Reason.CREDENTIALS, "Wrong"),
            ),
            (
                "401 Unauthorized",
                {"errorText": "Wrong"},
                (CredentialsRefused, Reason.CREDENTIALS, "Wrong"),
            ),
            (
                "403 Forbidden",
                {"errorText": "Wrong"},
                (NotSent, Reason.GATEWAY, "HTTP 403"),
            ),
            (
                "400 Bad Request",
                {"errorText": "Wrong", "trace": 1},
                (NotSent, Reason.GATEWAY, "HTTP 400"),
            ),
            (
                "400 Bad Request",
                {"error": "Wrong"},
                (NotSent, Reason.GATEWAY, "HTTP 400"),
            ),
            ("400 Bad Request", ["errorText"], (NotSent, Reason.GATEWAY, "HTTP 400")),
        ],
    )
    def test_only_the_api_itself_refuses_credentials(
        self, serve, status, body, expected
    ):
        answer = says(status, json.dumps(body).encode())
        assert self.token_error(serve, answer) == expected

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            (b"", (CredentialsRefused, Reason.CREDENTIALS, "")),
            (b" \n", (CredentialsRefused, Reason.CREDENTIALS, "")),
            (
                b'{"errorText": "Expired"}',
                (CredentialsRefused, Reason.CREDENTIALS, "Expired"),
            ),
            (b"<html>", (NotSent, Reason.GATEWAY, "HTTP 401")),
            (b'{"trace": 1}', (NotSent, Reason.GATEWAY, "HTTP 401")),
        ],
    )
    def test_a_fresh_token_that_is_refused_says_that_nothing_was_done(
        self, serve, body, expected
    ):
        refused, fresh = says("401 Unauthorized", body), in_words(token="fresh")

        def answer(connection):
            about_token = "/rest/token" in server.received[-1]
            (fresh if about_token else refused)(connection)

        server = serve(answer)
        with pytest.raises(NotSent) as caught:
            client(server.url, token=GOOD).assignment_state("7")
        found = caught.value
        assert (type(found), found.reason, found.detail) == expected

    # --- the page of the debtor ---

    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            (" https://a.fi/x?y=1 ", "https://a.fi/x?y=1"),
            ("HTTPS://a.fi/x", "HTTPS://a.fi/x"),
            ("http://a.fi/x", ""),
            ("https://a.fi/x y", ""),
            ("https://a.fi/<x>", ""),
            ("https://[a.fi/x", ""),
            ("https:///x", ""),
            (None, ""),
            (5, ""),
        ],
    )
    def test_only_an_https_address_is_shown(self, serve, value, shown):
        ropo = client(serve(in_words(url=value)).url, token=GOOD)
        assert ropo.debtor_page(CaseRef("7", "A/1")) == shown
