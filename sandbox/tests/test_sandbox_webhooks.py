"""Status notifications: delivered once, tried again, given up."""

import base64
import http.server
import json
import threading

import pytest


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.batches.append(json.loads(body))
        self.server.authorizations.append(self.headers["Authorization"])
        statuses = self.server.statuses
        self.send_response(statuses.pop(0) if statuses else 204)
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def receiver():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.batches, server.authorizations, server.statuses = [], [], []
    server.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def jobid(ropo, receiver):
    """A job of a customer whose notifications go to the receiver."""
    ropo.control(
        "webhooks", cid="700001", url=receiver.url, user="ropo", password="secret"
    )
    return ropo.accepted(ropo.reminder())["jobid"]


def _deliver(ropo, **body):
    return ropo.control("webhooks/deliver", **body).json()


def test_events_are_delivered_once_with_basic_auth(ropo, receiver, jobid):
    ropo.control(f"jobs/{jobid}/pay", amount=5)
    ropo.control(f"jobs/{jobid}/comment", text="Called")
    assert _deliver(ropo) == {"delivered": 2, "failed": 0}
    assert _deliver(ropo) == {"delivered": 0, "failed": 0}
    [batch] = receiver.batches
    assert [message["type"] for message in batch["messages"]] == ["payment", "comment"]
    assert len({message["id"] for message in batch["messages"]}) == 2
    assert batch["created_at"]
    expected = base64.b64encode(b"ropo:secret").decode()
    assert receiver.authorizations == [f"Basic {expected}"]


def test_polling_and_notifications_do_not_take_from_each_other(ropo, jobid):
    ropo.control(f"jobs/{jobid}/comment", text="Called")
    assert _deliver(ropo)["delivered"] == 1
    assert len(ropo.updates()) == 1


def test_a_batch_has_at_most_500_messages(ropo, receiver, jobid):
    for number in range(501):
        ropo.control(f"jobs/{jobid}/comment", text=str(number))
    assert _deliver(ropo)["delivered"] == 501
    assert [len(batch["messages"]) for batch in receiver.batches] == [500, 1]


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_error_is_tried_again(ropo, receiver, jobid, status):
    receiver.statuses.append(status)
    ropo.control(f"jobs/{jobid}/comment", text="Called")
    assert _deliver(ropo) == {"delivered": 0, "failed": 1}
    assert _deliver(ropo) == {"delivered": 1, "failed": 0}
    assert receiver.batches[0]["messages"] == receiver.batches[1]["messages"]


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_refusal_is_for_good(ropo, receiver, jobid, status):
    receiver.statuses.append(status)
    ropo.control(f"jobs/{jobid}/comment", text="Called")
    assert _deliver(ropo) == {"delivered": 0, "failed": 1}
    assert _deliver(ropo) == {"delivered": 0, "failed": 0}
    [delivery] = ropo.state()["deliveries"]
    assert (delivery["status"], delivery["delivered"]) == (status, False)


def test_nobody_there_is_tried_again(ropo, receiver, jobid):
    ropo.control(f"jobs/{jobid}/comment", text="Called")
    ropo.control("webhooks", cid="700001", url="http://127.0.0.1:9/none")
    assert _deliver(ropo) == {"delivered": 0, "failed": 1}
    assert ropo.state()["deliveries"][0]["error"]
    ropo.control("webhooks", cid="700001", url=receiver.url)
    assert _deliver(ropo) == {"delivered": 1, "failed": 0}


def test_delivered_messages_can_be_sent_again(ropo, receiver, jobid):
    ropo.control(f"jobs/{jobid}/comment", text="Called")
    _deliver(ropo)
    assert _deliver(ropo, repeat=True) == {"delivered": 1, "failed": 0}
    assert receiver.batches[0]["messages"] == receiver.batches[1]["messages"]


def test_each_customer_gets_news_of_its_own_jobs_only(ropo, receiver, jobid, logins):
    sweden = ropo.as_customer(logins["sweden"])
    other = sweden.accepted(ropo.reminder())["jobid"]
    ropo.control(f"jobs/{other}/comment", text="Other")
    assert _deliver(ropo) == {"delivered": 0, "failed": 0}
