"""The same company with an account at Maventa's part of the sandbox."""

import requests

from .common import RopoCommon
from .crash_channels import CREDENTIALS, FINLAND

SWEDEN = "5f0c1f9e-0002-4a00-8000-000000000002"
WITHOUT_SERVICE = "5f0c1f9e-0003-4a00-8000-000000000003"


class MaventaCommon(RopoCommon):
    @classmethod
    def _create_account(cls, company, **values):
        # OVERRIDE: through Maventa
        return super()._create_account(
            company,
            **{
                "channel": "maventa",
                "cid": False,
                "apicode": False,
                **CREDENTIALS,
                **values,
            },
        )

    def setUp(self):
        super().setUp()
        self.set_company(country="fi", service="ACTIVE")

    # --- what there is at Maventa ---

    def set_company(self, **values):
        """How the company is there, and what becomes of what comes next."""
        self.sandbox.post("maventa/companies", company_id=FINLAND, **values)

    def maventa(self, name, **values):
        """The invoices or assignments that are there, those with these values."""
        return [
            each
            for each in self.sandbox.state()["maventa"][name]
            if all(each[key] == value for key, value in values.items())
        ]

    def invoice_there(self, move):
        (invoice,) = self.maventa("invoices", number=move.name)
        return invoice

    def assignment_of(self, move):
        invoice = self.invoice_there(move)
        (assignment,) = self.maventa("assignments", invoice_id=invoice["id"])
        return assignment

    def at_maventa(self, move, what, **values):
        """Something happens to the assignment of this invoice."""
        identifier = self.assignment_of(move)["id"]
        self.sandbox.post(f"maventa/assignments/{identifier}/{what}", **values)

    def from_elsewhere(self, invoice):
        """Another program sends this invoice through Maventa."""
        builder = invoice.commercial_partner_id._get_edi_builder("ubl_bis3")
        content, errors = builder._export_invoice(invoice)
        self.assertFalse(errors)
        login = {
            "grant_type": "client_credentials",
            "client_id": CREDENTIALS["maventa_company_uuid"],
            "client_secret": CREDENTIALS["maventa_user_api_key"],
            "vendor_api_key": CREDENTIALS["maventa_vendor_api_key"],
            "scope": "invoice:send",
        }
        url = self.sandbox.url
        token = requests.post(f"{url}/oauth2/token", data=login, timeout=10).json()
        answer = requests.post(
            f"{url}/v1/invoices",
            headers={"Authorization": f"Bearer {token['access_token']}"},
            files={"file": ("invoice.xml", content, "application/xml")},
            data={"format": "PEPPOLBIS30"},
            timeout=10,
        )
        answer.raise_for_status()

    # --- shortcuts ---

    def delivered(self, **values):
        """An overdue invoice that was sent and delivered."""
        invoice = self.create_invoice(**{"days_overdue": 20, **values})
        self.send(invoice)
        self.run_cron("cron_poll_status")
        self.assertEqual(invoice.sudo().ropo_job_ids.progress, "done")
        return invoice

    def transferred(self, kind="reminder", **values):
        # OVERRIDE: it has to be there before
        invoice = self.delivered(**values)
        self.transfer(invoice, kind, notice_date=self.reminded_on)
        self.run_cron("cron_poll_status")
        self.assertEqual(invoice.ropo_state, kind)
        return invoice
