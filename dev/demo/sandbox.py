"""The sandbox's own control calls: what a debtor does, and what Ropo then holds.

One class for each channel, all with the same methods. They need nothing but Python
itself: the command asks here which channels there are before anything is set up.
"""

import json
from dataclasses import dataclass
from urllib.request import Request, urlopen

HELD = ("held_principal", "held_interest", "held_fees")


@dataclass(frozen=True)
class Held:
    """One document that the other side has, in Odoo's words.

    Its amount is what a debtor is asked for when it is collected, else its total.
    """

    case: str
    number: str
    collected: bool
    amount: float
    stage: str


@dataclass(frozen=True)
class Sent:
    """What the other side got of one document; `parts` as it is to be paid in."""

    total: float
    tax: float
    currency: str
    credited_in: str  # how the total of a credit note is told from an invoice's
    parts: tuple = ()
    files: tuple = ()
    bank: str = ""


class Sandbox:
    """What the channels have in common.

    Each has besides: all that is `held`, what was `sent` of one case, how much was
    `sent_twice`; with `pay` a debtor pays to Ropo, with `collect` Ropo takes a case
    from reminders to collection. With `payout` Ropo pays out all that it holds, less a
    commission and its tax in percent: `{paid, principal, interest, fees, commission,
    tax, cases}`; `money` is what it holds.
    """

    def __init__(self, url):
        self.url = url

    @staticmethod
    def _money(cases):
        """What debtors paid and was not paid out, of all kinds."""
        return sum(case[name] for case in cases for name in HELD)

    def calls_to_send(self):
        return self._state("calls").get(self.sending, 0)

    def forget(self):
        """It holds nothing any more."""
        self._post("reset")

    def lose_answer(self):
        """What is sent next arrives, and nothing comes back."""
        method, path = self.sending.split()
        fault = {"kind": "drop_after", "method": method, "path": path, "times": 1}
        self._post("faults", faults=[fault])

    def _state(self, part):
        with urlopen(f"{self.url}/_sandbox/state?only={part}", timeout=30) as answer:
            return json.load(answer)[part]

    def _post(self, path, **body):
        request = Request(f"{self.url}/_sandbox/{path}", json.dumps(body).encode())
        with urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")


class RopoOne(Sandbox):
    cid = "700001"
    account = {"channel": "ropo_one", "cid": cid, "apicode": "sandbox-apicode"}
    page = ""
    sending = "POST /rest/jobs"

    def held(self):
        return list(map(self._held, self._state("jobs")))

    @staticmethod
    def _held(job):
        collected = not (job["delivery_only"] or job["credit"])
        return Held(
            case=str(job["jobid"]),
            number=job["billnum"],
            collected=collected,
            amount=float(job["capital"] if collected else job["amount"]),
            stage=job["stage"],
        )

    def sent(self, case):
        jobs = self._state("jobs")
        got = next(job["dataset"] for job in jobs if str(job["jobid"]) == case)
        parts = got.get("payplan", {}).get("instalment", ())
        return Sent(
            total=got["totalamount"],
            tax=got["vatamount"],
            currency=got["currency"],
            credited_in="negative rows",
            parts=tuple((part["amount"], part["date"]) for part in parts),
            files=tuple(file["attachmentname"] for file in got.get("attachment", ())),
            bank=self._bank(got),
        )

    @staticmethod
    def _bank(got):
        """A consumer's bank is told by what name it knows the sender."""
        if "propertyrow" not in got:
            return ""
        (row,) = got["propertyrow"]
        known_as = f"known there as “{row['propvalue']}”"
        return f"{got['evoice']} at {got['evoiceint']}, {known_as}"

    def sent_twice(self):
        return self._state("duplicates")

    def pay(self, case, amount):
        self._post(f"jobs/{case}/pay", amount=amount)

    def payout(self, commission=0, tax_rate=0):
        return self._post("payout", commission=commission, tax_rate=tax_rate)

    def money(self):
        return self._money(self._state("jobs"))

    def collect(self, case, text):
        self._post(f"jobs/{case}/stage", stage="collection", text=text)

    def push(self, url, user, password):
        """Ropo calls the webhook; `{delivered, failed}` in messages."""
        self._post("webhooks", cid=self.cid, url=url, user=user, password=password)
        return self._post("webhooks/deliver")


class Maventa(Sandbox):
    """Its company has no agreement with Ropo yet."""

    company = "5f0c1f9e-0003-4a00-8000-000000000003"
    account = {
        "channel": "maventa",
        "maventa_company_uuid": company,
        "maventa_user_api_key": "sandbox-user-api-key",
        "maventa_vendor_api_key": "sandbox-vendor-api-key",
    }
    page = "/maventa"
    sending = "POST /v1/invoices"

    # By which Odoo tells the case of a transfer from that of its invoice.
    transfer = "/ropo"
    # By what was asked for at first, then by what became of it.
    stages = {"reminder_and_collection": "reminder", "debt_collection": "collection"}

    def sign_agreement(self):
        """The company signs, and Ropo opens the service."""
        self._post(f"maventa/companies/{self.company}/service", status="ACTIVE")

    def held(self):
        state = self._state("maventa")
        return [
            *map(self._held_invoice, state["invoices"]),
            *map(self._held_assignment, state["assignments"]),
        ]

    def _held_invoice(self, invoice):
        status = invoice["status"]
        return Held(
            case=invoice["id"],
            number=invoice["number"],
            collected=False,
            amount=self._signed(invoice, "sum_tax"),
            stage="invoiced" if status == "DELIVERED" else status,
        )

    def _held_assignment(self, assignment):
        status = assignment["collection_status"]
        if status == "new":
            status = assignment["request"]["collection_type"]
        return Held(
            case=f"{assignment['invoice_id']}{self.transfer}",
            number=assignment["invoice_number"],
            collected=True,
            amount=float(assignment["capital"]),
            stage=self.stages.get(status, status),
        )

    def sent(self, case):
        """As it read the e-invoice."""
        invoices = self._state("maventa")["invoices"]
        got = next(invoice for invoice in invoices if invoice["id"] == case)
        total = self._signed(got, "sum_tax")
        return Sent(
            total=total,
            tax=total - self._signed(got, "sum"),
            currency=got["currency"],
            credited_in="a document of its own kind",
            parts=((total, got["date_due"]),),
        )

    @staticmethod
    def _signed(invoice, name):
        return float(invoice[name]) * (-1 if invoice["credit_note"] else 1)

    def sent_twice(self):
        return self._state("maventa")["duplicates"]

    def pay(self, case, amount):
        self._change(case, "pay", amount=amount)

    def payout(self, commission=0, tax_rate=0):
        return self._post("maventa/payout", commission=commission, tax_rate=tax_rate)

    def money(self):
        return self._money(self._state("maventa")["assignments"])

    def collect(self, case, text):
        self._change(case, "stage", collection_status="debt_collection", text=text)

    def _change(self, case, what, **body):
        invoice_id = case.removesuffix(self.transfer)
        assignments = self._state("maventa")["assignments"]
        found = next(a["id"] for a in assignments if a["invoice_id"] == invoice_id)
        self._post(f"maventa/assignments/{found}/{what}", **body)


SANDBOXES = {"ropo_one": RopoOne, "maventa": Maventa}
DEFAULT = "ropo_one"
