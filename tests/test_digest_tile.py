"""What Ropo collects, as figures of Odoo's own digest."""

from datetime import timedelta

from odoo import Command
from odoo.exceptions import AccessError
from odoo.fields import Datetime
from odoo.tests import new_test_user, tagged

from .common import RopoCommon


@tagged("post_install", "-at_install")
class TestDigestTile(RopoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.digest = cls.env["digest.digest"].create(
            {
                "name": "Weekly",
                "user_ids": [Command.link(cls.user.id)],
                "company_id": cls.env.company.id,
                "kpi_ropo_collected": True,
                "kpi_ropo_open": True,
            }
        )

    def figures(self, user=None, days=7):
        """`(collected in so many days, open)`, as this user sees them."""
        now = Datetime.now() + timedelta(days=1)
        self.env.flush_all()
        self.env.invalidate_all()
        digest = self.digest.with_user(user or self.user).with_context(
            start_datetime=now - timedelta(days=days), end_datetime=now
        )
        return digest.kpi_ropo_collected_value, digest.kpi_ropo_open_value

    def collected(self, job, amount):
        self.at_ropo(job, "pay", amount=amount)
        self.run_cron("cron_poll_status")

    def test_figures_are_those_of_the_company(self):
        self.assertEqual(self.figures(), (0.0, 0.0))
        _invoice, job = self.transferred_case()
        self.assertEqual(self.figures(), (0.0, 125.5))
        self.collected(job, 25.5)
        self.assertEqual(self.figures(), (25.5, 100.0))
        other = self.env["res.company"].create({"name": "Another Oy"})
        self.digest.company_id = other
        self.assertEqual(self.figures(), (0.0, 0.0))

    def test_what_was_collected_before_the_period_is_not_in_it(self):
        _invoice, job = self.transferred_case()
        self.collected(job, 25.5)
        job.event_ids.collected_on = self.today - timedelta(days=20)
        self.assertEqual(self.figures(), (0.0, 100.0))
        self.assertEqual(self.figures(days=30), (25.5, 100.0))

    def test_other_currencies_are_converted(self):
        self.collected(self.transferred_case()[1], 25.5)
        job = self.transferred_case()[1]
        krona = self.env.ref("base.SEK")
        krona.active = True
        self.env["res.currency.rate"].create(
            {
                "name": self.today,
                "currency_id": krona.id,
                "company_id": self.env.company.id,
                "rate": 10,
            }
        )
        job.currency_id = krona
        self.assertEqual(self.figures(), (25.5, 112.55))

    def test_who_reads_no_invoices_sees_nothing_of_it(self):
        clerk = new_test_user(self.env, "clerk", groups="base.group_user")
        with self.assertRaises(AccessError):
            self.figures(clerk)
        kpis = self.digest._compute_kpis(self.env.company, clerk)
        self.assertFalse([k for k in kpis if k["kpi_name"].startswith("kpi_ropo")])

    def test_the_digest_shows_them_with_their_links(self):
        _invoice, job = self.transferred_case()
        self.collected(job, 25.5)
        kpis = self.digest._compute_kpis(self.env.company, self.user)
        shown = {
            kpi["kpi_name"]: (
                kpi["kpi_fullname"],
                kpi["kpi_col3"]["value"].replace("\xa0", " "),
                kpi["kpi_action"].partition("?")[0],
            )
            for kpi in kpis
            if kpi["kpi_name"].startswith("kpi_ropo")
        }
        self.assertEqual(
            shown,
            {
                "kpi_ropo_collected": (
                    "Collected by Ropo",
                    "25.5€",
                    "ropo_connect.action_ropo_event",
                ),
                "kpi_ropo_open": (
                    "Open at Ropo",
                    "100€",
                    "ropo_connect.action_ropo_receivable_report",
                ),
            },
        )
