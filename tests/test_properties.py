"""Whatever invoice Odoo posts: its payload has Odoo's totals and keeps the contract, or
a verdict says why it can't go.

The same examples in every run. ROPO_EXAMPLES=5000 tries as many, new ones each time.
"""

import json
import os

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import RopoCommon

MORE = os.environ.get("ROPO_EXAMPLES")
SETTINGS = settings(
    max_examples=int(MORE or 60),
    derandomize=not MORE,
    database=None,
    # Shrinking takes minutes: who looks for the smallest example asks for more of them.
    phases=tuple(Phase) if MORE else (Phase.explicit, Phase.generate),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
# What a strict receiver may refuse, and Odoo posts: more than a cent of rounding.
LENIENT = {"cid": "700010", "apicode": "sandbox-apicode-10"}
TAXES = ("none", "25.5", "14", "0", "inside", "2", "fee", "fee inside", "reverse")

TEXTS = st.one_of(
    st.text(
        # PostgreSQL stores no NUL, UTF-8 no surrogates.
        st.characters(exclude_characters="\0", exclude_categories=["Cs"]),
        min_size=1,
        max_size=40,
    ),
    st.sampled_from(
        [
            "<script>alert(1)</script> &amp; <b>bold</b>",
            "Työ 🪑 ёж 椅子",
            "line\nbelow\r\nand\ttab\x0b\x1b",
            "\u202eright to left\u2028\ufeff",
            "very long " * 50,
            '"; DROP TABLE "account_move"; --',
            "%s %(name)s {0} ${x}",
            " ",
        ]
    ),
)
PRICES = st.decimals(-99999, 99999, places=2).map(float)
LINES = st.fixed_dictionaries(
    {
        "name": TEXTS,
        "quantity": st.decimals(-999, 9999, places=2).map(float),
        "price_unit": PRICES | st.sampled_from([0.0, 0.01, 0.33, 9.99, 100.0]),
        "discount": st.sampled_from([0.0, 0.0, 0.0, 12.5, 33.33, 100.0]),
        "taxes": st.sets(st.sampled_from(TAXES), min_size=1, max_size=3),
    }
)
INVOICES = st.fixed_dictionaries(
    {
        "lines": st.lists(LINES, min_size=1, max_size=5),
        "text": st.none() | TEXTS,
        "kind": st.sampled_from(["out_invoice", "out_refund"]),
        "rounding": st.sampled_from(["round_per_line", "round_globally"]),
        "cash": st.sampled_from([None, None, "a", "b"]),
        "currency": st.sampled_from(["EUR", "EUR", "SEK", "ISK", "KWD"]),
        "term": st.sampled_from([None, "parts", "included", "excluded", "mixed"]),
        "customer": st.sampled_from(["business", "consumer"]),
        "service_model": st.sampled_from(["connect", "unify", "embed"]),
        "narration": st.none() | TEXTS,
        "ref": st.none() | TEXTS,
        "invoice_origin": st.none() | TEXTS | st.integers(0, 10**12).map(str),
    }
)
PLAIN = {
    "text": None,
    "kind": "out_invoice",
    "rounding": "round_per_line",
    "cash": None,
    "currency": "EUR",
    "term": None,
    "customer": "business",
    "service_model": "connect",
    "narration": None,
    "ref": None,
    "invoice_origin": None,
}


def line(price, *taxes, **values):
    plain = {"name": "Work", "quantity": 1.0, "price_unit": price, "discount": 0.0}
    return {**plain, "taxes": set(taxes), **values}


@tagged("post_install", "-at_install")
class TestProperties(RopoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company_data["company"].account_price_include = "tax_excluded"
        cls.sandbox.post("profiles", name="Lenient", tolerance=1, **LENIENT)
        cls.lenient = cls._create_account(cls.env.company, sequence=20, **LENIENT)
        cls.currencies = {"EUR": cls.env.company.currency_id}
        for name, rounding in (("SEK", 0.01), ("ISK", 1.0), ("KWD", 0.001)):
            rates = [("2000-01-01", 11.37)]
            cls.currencies[name] = cls.setup_other_currency(
                name, rounding=rounding, rates=rates
            )
        cls.taxes = cls._taxes()
        cls.terms = cls._terms()

    def setUp(self):
        super().setUp()
        self.sandbox.post("profiles", name="Lenient", tolerance=1, **LENIENT)

    @classmethod
    def _taxes(cls):
        base = cls.env["account.tax"].search(
            [("type_tax_use", "=", "sale"), ("amount_type", "=", "percent")], limit=1
        )
        inside = {"price_include_override": "tax_included"}
        fixed = {"amount_type": "fixed", "amount": 1.2, "sequence": 0}
        found = {
            "25.5": {"amount": 25.5},
            "14": {"amount": 14},
            "0": {"amount": 0},
            "inside": {"amount": 25.5, **inside},
            "2": {"amount": 2},
            "fee": fixed,
            "fee inside": {**fixed, **inside},
            "reverse": {"amount": 24, **cls._both_sides()},
        }
        return {
            name: base.copy(
                {
                    "name": name,
                    "active": True,
                    "price_include_override": "tax_excluded",
                    **values,
                }
            )
            for name, values in found.items()
        } | {"none": base.browse()}

    @classmethod
    def _both_sides(cls):
        lines = [Command.clear()] + [
            Command.create({"repartition_type": kind, "factor_percent": factor})
            for kind, factor in (("base", 100), ("tax", 100), ("tax", -100))
        ]
        return {
            "invoice_repartition_line_ids": lines,
            "refund_repartition_line_ids": lines,
        }

    @classmethod
    def _terms(cls):
        def term(*parts, **values):
            lines = [
                Command.create(
                    {"value": "percent", "value_amount": share, "nb_days": days}
                )
                for share, days in parts
            ]
            values |= {"name": "Terms", "line_ids": lines}
            return cls.env["account.payment.term"].create(values)

        early = {"early_discount": True, "discount_percentage": 2, "discount_days": 7}
        kinds = ("included", "excluded", "mixed")
        return {
            "parts": term((33, 7), (33, 37), (34, 67)),
            None: cls.env["account.payment.term"],
        } | {
            kind: term((100, 30), **early, early_pay_discount_computation=kind)
            for kind in kinds
        }

    def test_whatever_odoo_posts_has_odoos_totals_and_keeps_the_contract(self):
        said = []

        @SETTINGS
        @example({**PLAIN, "lines": [line(100.0, "25.5")]})
        @example({**PLAIN, "lines": [line(100.0, "25.5")], "currency": "KWD"})
        @example({**PLAIN, "lines": [line(0.0, "none")]})
        @given(INVOICES)
        def check(spec):
            savepoint = self.cr.savepoint()
            try:
                said.append(self.check(spec))
            finally:
                savepoint.close(rollback=True)
                self.env.invalidate_all()

        check()
        self.assertGreater(sum(said), len(said) / 2, "most of them must go")

    def check(self, spec):
        """Whether it goes; fails where it should go and does not, or wrongly."""
        try:
            invoice = self.post(spec)
        except UserError:
            return False  # Odoo itself can't post it
        account = self.account_for(spec)
        verdict = self.verdicts(invoice, "invoice")[invoice]
        if verdict.code:
            self.assertIn(verdict.code, ("zero", "currency"))
            self.assertTrue(verdict.text)
            return False
        frozen = self.frozen(invoice, account)
        json.dumps(frozen.body, allow_nan=False)
        self.assertSums(invoice, frozen.body)
        with account._client() as client:
            client.preview(frozen)  # raises what Ropo has against it
        return True

    def account_for(self, spec):
        rounds = spec["cash"] == "b" or spec["currency"] == "ISK"
        account = self.lenient if rounds else self.account
        account.service_model = spec["service_model"]
        return account

    def post(self, spec):
        self.env.company.tax_calculation_rounding_method = spec["rounding"]
        cash = spec["cash"] and getattr(self, "cash_rounding_" + spec["cash"])
        lines = [Command.create(self.line_vals(**values)) for values in spec["lines"]]
        if spec["text"]:
            lines.append(
                Command.create({"display_type": "line_note", "name": spec["text"]})
            )
        invoice = self.env["account.move"].create(
            {
                "move_type": spec["kind"],
                "partner_id": getattr(self, spec["customer"]).id,
                "invoice_date": "2026-02-02",
                "invoice_date_due": "2026-02-16",
                "currency_id": self.currencies[spec["currency"]].id,
                "invoice_payment_term_id": self.terms[spec["term"]].id,
                "invoice_cash_rounding_id": cash and cash.id,
                "invoice_line_ids": lines,
                **{name: spec[name] for name in ("narration", "ref", "invoice_origin")},
            }
        )
        if invoice.amount_total < 0:
            invoice.action_switch_move_type()
        invoice.action_post()
        return invoice

    def line_vals(self, taxes, **values):
        ids = [self.taxes[name].id for name in sorted(taxes) if name != "none"]
        return {**values, "tax_ids": [Command.set(ids)]}
