"""The favourites of the report on receivables, as the web client uses them."""

from ast import literal_eval

import polib

from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from ..dev import translations
from .test_figures import FiguresCommon

MODEL = "ropo.receivable.report"


@tagged("post_install", "-at_install")
class TestFavourites(FiguresCommon):
    # --- helpers ---

    def favourite(self, name):
        """Of the menu, as a Ropo user gets it."""
        action = self.env.ref("ropo_connect.action_ropo_receivable_report")
        filters = self.env["ir.filters"].with_user(self.user)
        found = {own["name"]: own for own in filters.get_filters(MODEL, action.id)}
        return found[name]

    def shown(self, name):
        """The rows of the pivot that a favourite shows: `[(groups, measures)]`."""
        self.env.flush_all()
        self.env.invalidate_all()
        favourite = self.favourite(name)
        context = literal_eval(favourite["context"])
        rows = context["pivot_row_groupby"] + context["pivot_column_groupby"]
        measures = [
            name
            if name == "__count"
            else f"{name}:{self.env[MODEL]._fields[name].aggregator}"
            for name in context["pivot_measures"]
        ]
        groups = (
            self.env[MODEL]
            .with_user(self.user)
            ._read_group(safe_eval(favourite["domain"]), rows, measures)
        )
        count = len(rows)
        return [
            (
                *(
                    value.id if hasattr(value, "ids") else value
                    for value in row[:count]
                ),
                *(round(figure, 4) for figure in row[count:]),
            )
            for row in groups
        ]

    def paid(self, amount, **values):
        """A transferred invoice of 125.50, of which this much is paid."""
        invoice = self.transferred(**values)
        if amount:
            self.pay(invoice, amount)
            self.report()
        return invoice

    # --- tests ---

    def test_ageing_by_stage(self):
        self.paid(25.5)
        older = self.create_invoice(days_overdue=45)
        self.transfer(older, "collection", notice_date=self.reminded_on)
        self.paid(125.5)
        self.assertEqual(
            self.shown("Ageing by Stage"),
            [
                ("reminder", "1_month", 100.0),
                ("collection", "2_two_months", 125.5),
            ],
        )

    def test_cohorts(self):
        first, second = self.paid(0), self.paid(0)
        for invoice in (first, second):
            self.shift(self.case(invoice), 70)
        self.paid(125.5)
        self.pay(first, 100.4, payment_date=self.day(60))
        self.pay(second, 25.1, payment_date=self.day(40))
        self.report()
        self.assertEqual(
            self.shown("Recovery by Month of Transfer"),
            [
                # (100.40 × 10 days + 25.10 × 30 days) / 125.50
                (self.day(70).replace(day=1), 2, 251.0, 125.5, 0.5, 14.0),
                (self.today.replace(day=1), 1, 125.5, 125.5, 1.0, 0.0),
            ],
        )

    def test_by_customer(self):
        self.paid(50.2)
        self.paid(0, partner=self.consumer)
        self.assertEqual(
            sorted(self.shown("By Customer")),
            sorted(
                [
                    (self.business.id, 125.5, 50.2, 75.3, 0.0, 0.4, 0.0),
                    (self.consumer.id, 125.5, 0.0, 125.5, 0.0, 0.0, 0.0),
                ]
            ),
        )

    def test_by_channel(self):
        self.paid(50.2)
        self.paid(0)
        self.assertEqual(
            self.shown("By Channel"),
            [("ropo_one", self.account.id, 251.0, 50.2, 200.8, 0.2, 0.0)],
        )

    def test_bad_debts_and_recoveries(self):
        self.paid(0)
        invoice = self.paid(0)
        self.assign(invoice, self.entry(125.5, self.losses))
        self.report()
        self.collects(self.case(invoice), 50.2)
        self.assertEqual(
            self.shown("Bad Debts and Recoveries"), [("reminder", 125.5, 50.2, 75.3)]
        )

    def test_differences_by_cause(self):
        self.paid(0)
        for amount in (120, 115):
            self.case(self.paid(0)).open_amount = amount
        self.assertEqual(
            self.shown("Differences by Cause"),
            [("unexplained", 2, 251.0, 235.0, 16.0)],
        )

    def test_each_is_named_in_the_language_of_who_reads(self):
        self.env["res.lang"]._activate_lang("fi_FI")
        self.env.ref("base.module_ropo_connect")._update_translations(["fi_FI"])
        entries = polib.pofile(str(translations.OURS.path("fi")))
        finnish = {entry.msgid: entry.msgstr for entry in entries}
        for model, name in (
            (MODEL, "action_ropo_receivable_report"),
            ("ropo.dso.report", "action_ropo_dso_report"),
        ):
            action = self.env.ref(f"ropo_connect.{name}")
            filters = self.env["ir.filters"].with_user(self.user)
            own = filters.create(
                {"name": "By Customer", "model_id": model, "action_id": action.id}
            )
            english = {one["id"]: one["name"] for one in self._all(filters, action)}
            self.user.lang = "fi_FI"
            shown = self._all(filters.with_context(lang="fi_FI"), action)
            expected = {
                key: text if key == own.id else finnish[text]
                for key, text in english.items()
            }
            self.assertGreater(len(expected), 2)
            self.assertEqual({one["id"]: one["name"] for one in shown}, expected)

    def test_one_that_was_renamed_keeps_its_name(self):
        favourite = self.env.ref("ropo_connect.filter_receivable_customers")
        favourite.name = "Asiakkaat"
        self.assertEqual(self.favourite("Asiakkaat")["id"], favourite.id)

    def _all(self, filters, action):
        return filters.get_filters(action.res_model, action.id)

    def test_each_names_what_the_web_client_can_read_and_aggregate(self):
        action = self.env.ref("ropo_connect.action_ropo_receivable_report")
        filters = self.env["ir.filters"].get_filters(MODEL, action.id)
        self.assertEqual(len(filters), 6)
        fields = self.env[MODEL].fields_get()
        for own in filters:
            with self.subTest(own["name"]):
                self.assertFalse(own["user_ids"])
                context = literal_eval(own["context"])
                measures = {*context["pivot_measures"], context["graph_measure"]}
                for name in measures - {"__count"}:
                    self.assertTrue(fields[name]["aggregator"], name)
                groupbys = [
                    *context["group_by"],
                    *context["pivot_row_groupby"],
                    *context["pivot_column_groupby"],
                    *context["graph_groupbys"],
                ]
                for spec in groupbys:
                    self.assertTrue(fields[spec.split(":")[0]]["groupable"], spec)
                self.assertEqual(context["group_by"], context["pivot_row_groupby"])
