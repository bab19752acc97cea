"""The screens of the addon on the demo data, and how a person comes to each."""

from typing import NamedTuple

from odoo import Command, fields
from odoo.modules.module import Manifest
from odoo.tests import new_test_user
from odoo.tools import convert_file

from ..dev import translations
from .browser import BrowserCase, JavaScriptError

GROUPS = (
    *("ropo_connect.group_ropo_manager", "account.group_account_manager"),
    *("base.group_system", "base.group_multi_company", "base.group_partner_manager"),
)
FINDINGS = (("held", "S"), ("differed", "D"), ("untried", "A"))
INVOICES = ("sent", "collection", "rejected", "unknown", "to_send")
# Buttons that open a dialog, and for which demo invoices.
DIALOGS = {
    "action_ropo_send": ("to_send", "rejected", "sent"),
    "action_ropo_transfer": ("overdue", "to_send", "collection"),
    "action_ropo_hold": ("collection",),
    "action_ropo_notice": ("overdue",),
    "action_ropo_take_back": ("waiting", "collection"),
    "action_ropo_fetch_pdf": ("sent", "collection"),
    "action_ropo_write_off": ("collection",),
}


class Screen(NamedTuple):
    """A screen, and the function of `screen.js` with its arguments that opens it."""

    name: str
    function: str
    arguments: tuple
    whose: str = "all"  # counts of it; "ours" where a screen is Odoo's


class ScreensCase(BrowserCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for path in Manifest.for_addon("ropo_connect")["demo"]:
            convert_file(cls.env, "ropo_connect", path, {}, mode="init", noupdate=True)
        cls.account = cls.demo("account")
        cls.company = cls.account.company_id
        cls.user = new_test_user(
            cls.env,
            login="ropo_screens",
            groups=",".join(GROUPS),
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
            tz="Europe/Helsinki",
        )
        cls.account.auto_transfer = "reminder"
        cls.message = cls.env["ropo.event"].create(
            {
                "account_id": cls.account.id,
                "job_id": cls.demo("case_legal_collection").id,
                "external_id": "screens-1",
                "kind": "comment",
                "text": "Please call us about this customer.",
                "event_time": fields.Datetime.now(),
                "state": "done",
                "is_message": True,
            }
        )
        cls.demo("invoice_sent").copy()  # a draft, of which Odoo has its own colour
        cls._journal("bank").ropo_settlement = True
        cls.bank_line = cls.env["account.bank.statement.line"].create(
            {
                "journal_id": cls._journal("bank").id,
                "payment_ref": "Payout of Ropo",
                "amount": 100.0,
            }
        )
        cls.payment = cls._collect(cls.demo("event_4"))
        cls.demo("case_reminder_reminder").open_amount -= 10  # which the ledger lacks
        cls.conformance_run = cls._note_conformance()

    @classmethod
    def _collect(cls, event):
        """The payment that is registered of what Ropo collected."""
        journal = cls._journal("bank")
        account = cls.env["account.account"].search(
            [
                ("account_type", "=", "asset_current"),
                ("reconcile", "=", True),
                ("company_ids", "in", cls.company.ids),
            ],
            limit=1,
        )
        journal.inbound_payment_method_line_ids.payment_account_id = account
        payment = cls.env["account.payment"].create(
            {
                "journal_id": journal.id,
                "partner_id": event.job_id.move_id.partner_id.id,
                "amount": event.amount,
                "ropo_event_id": event.id,
            }
        )
        payment.action_post()
        return payment

    @classmethod
    def _note_conformance(cls):
        findings = [
            Command.create(
                {
                    "key": result,
                    "result": result,
                    "grade": grade,
                    "assumption": "The number of an invoice is unique.",
                    "expected": "One assignment",
                    "got": "Two assignments",
                }
            )
            for result, grade in FINDINGS
        ]
        return cls.env["ropo.conformance.run"].create(
            {
                "account_id": cls.account.id,
                "environment": "test",
                "address": "https://example.com",
                "started": fields.Datetime.now(),
                "finding_ids": findings,
            }
        )

    @classmethod
    def demo(cls, name):
        return cls.env.ref(f"ropo_connect.demo_{name}")

    @classmethod
    def _journal(cls, kind):
        domain = [("type", "=", kind), ("company_id", "=", cls.company.id)]
        return cls.env["account.journal"].search(domain, limit=1)

    # --- the screens ---

    def screens(self):
        yield from self._menus()
        yield from self._lists_of_odoo()
        yield from self._forms()
        yield from self._dialogs()

    def screens_of_odoo(self):
        """Odoo's own of the kinds that ours are of: what it does there, with its
        colours and widgets, is its own doing on ours, too."""
        for name, kind in (
            ("account.action_move_out_invoice_type", "list"),
            ("account.action_move_out_invoice_type", "kanban"),
            ("account.action_account_form", "list"),
            ("account.action_account_invoice_report_all", "pivot"),
            ("base.ir_cron_act", "list"),
            ("base.res_lang_act_window", "list"),
        ):
            yield Screen(f"{name} {kind}", "open", (name, {"viewType": kind}), "theirs")
        for record in (self.demo("invoice_sent"), self.user, self._journal("bank")):
            yield self._form(record, whose="theirs")
        yield self._form(self.env["account.payment"], whose="theirs")
        yield self._wizard(
            "portal.share", self._of(self.demo("invoice_sent")), "theirs"
        )

    def menus(self):
        """`(menu, window)` of each menu of ours that opens one."""
        root = self.env.ref("ropo_connect.menu_ropo")
        menus = self.env["ir.ui.menu"].search([("id", "child_of", root.id)])
        for menu in menus.filtered("action"):
            yield menu, self._window(menu.action)

    def _menus(self):
        """Each of them by each of its views that shows many records."""
        for menu, window in self.menus():
            kinds = [False] if window.target == "new" else window.view_mode.split(",")
            for kind in kinds:
                if kind != "form":
                    name = " ".join(filter(None, (menu.complete_name, kind)))
                    options = {"viewType": kind} if kind else {}
                    whose = "ours" if window.res_model == "ir.cron" else "all"
                    yield Screen(name, "open", (menu.action.id, options), whose)

    def _lists_of_odoo(self):
        """Odoo's own to which ours add."""
        dashboard = "account.open_account_journal_dashboard_kanban"
        for action, kind in (
            ("account.action_move_out_invoice_type", "list"),
            ("account.action_move_out_refund_type", "list"),
            (dashboard, "kanban"),
        ):
            yield Screen(
                f"{action} {kind}", "open", (action, {"viewType": kind}), "ours"
            )
        yield self._view("account.move", "account.view_invoice_tree", "list")

    def _view(self, model, view, kind):
        action = {
            "type": "ir.actions.act_window",
            "res_model": model,
            "views": [[self.env.ref(view).id, kind]],
        }
        return Screen(view, "open", (action,), "ours")

    def _window(self, action):
        """The window action that a menu's action is, or runs to."""
        if action._name == "ir.actions.act_window":
            return action
        return self.env["ir.actions.act_window"].browse(
            action.with_user(self.user).run()["id"]
        )

    def _forms(self):
        for name in INVOICES:
            yield self._form(self.demo(f"invoice_{name}"), whose="ours")
        case = self.demo("case_collection_collection")
        yield self._form(case)
        yield self._form(self.demo("case_plan_collection"))
        for name in ("rejected", "unknown", "collection_collection"):
            yield self._form(self.demo(f"request_{name}"))
        for event in (self.demo("event_4"), self.message):
            yield self._form(event)
        yield self._form(self.account)
        policy = "ropo_connect.ropo_account_view_policy"
        yield self._form(self.account, policy, target="new")
        bank_line = "ropo_connect.account_bank_statement_line_view_form"
        yield self._form(self.bank_line, bank_line)
        yield self._form(self.conformance_run)
        customer = self.demo("invoice_collection").partner_id
        for record in (customer, self._journal("sale"), self.payment):
            yield self._form(record, whose="ours")
        for view in ("view_users_form", "view_users_form_simple_modif"):
            yield self._form(self.user, f"base.{view}", whose="ours")
        yield self._form(self.env.ref("digest.digest_digest_default"), whose="ours")
        yield self._form(self.env["res.config.settings"], whose="ours")

    def _form(self, record, view=None, whose="all", **more):
        view_id = self.env.ref(view).id if view else False
        action = {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "views": [[view_id, "form"]],
            **more,
        }
        name = f"{record._description} {record.display_name or ''}".strip()
        return Screen(name, "open", (action,), whose)

    def _dialogs(self):
        for button, names in DIALOGS.items():
            invoices = [self.demo(f"invoice_{name}").id for name in names]
            yield self._button("account.move", button, invoices)
        yield self._button("ropo.event", "action_answer", self.message.ids)
        yield self._button(
            "account.bank.statement.line",
            "action_ropo_match_payout",
            self.bank_line.ids,
        )
        transfer = self._transfer(self.demo("invoice_overdue"))
        confirm = "ropo_connect.ropo_transfer_wizard_view_confirm"
        yield self._form(transfer, confirm, target="new")
        for model, context in (
            ("ropo.activation.wizard", {"default_account_id": self.account.id}),
            ("account.move.reversal", self._of(self.demo("invoice_collection"))),
        ):
            whose = "all" if model.startswith("ropo.") else "ours"
            yield self._wizard(model, context, whose)

    def _transfer(self, invoice):
        wizard = self.env["ropo.transfer.wizard"].with_user(self.user)
        wizard = wizard.with_context(**self._of(invoice)).create({})
        wizard.line_ids.include = True
        return wizard

    def _wizard(self, model, context, whose):
        action = {
            "type": "ir.actions.act_window",
            "target": "new",
            "res_model": model,
            "views": [[False, "form"]],
            "context": context,
        }
        return Screen(model, "open", (action,), whose)

    def _button(self, model, name, ids):
        return Screen(f"{model} {name}", "press", (model, name, ids))

    def _of(self, record):
        return {
            "active_model": record._name,
            "active_id": record.id,
            "active_ids": record.ids,
        }

    # --- going through them ---

    def load_language(self, language):
        """Have the screens in this language, Odoo's part of them too: its code."""
        code = translations.LANGUAGES[language]
        self.env["res.lang"]._activate_lang(code)
        modules = self.env["ir.module.module"].search([("state", "=", "installed")])
        modules._update_translations([code])
        return code

    def walk(self, browser, screens, look):
        """`{kind: [what is found]}` on each screen, in each of its tabs."""
        found = {}

        def note(kind, where, texts):
            found.setdefault(kind, []).extend(f"{where}: {text}" for text in texts)

        for screen in screens:
            try:
                browser.call(f"ropo.{screen.function}", *screen.arguments)
                for tab in browser.call("ropo.tabs", screen.whose) or [""]:
                    where = f"{screen.name} {tab}".strip()
                    if tab:
                        browser.call("ropo.click", f".nav-link[name='{tab}']")
                    for kind, texts in look(screen).items():
                        note(kind, where, texts)
            except JavaScriptError as error:
                note("broken", screen.name, [error])
            note("console", screen.name, browser.heard())
        return {kind: texts for kind, texts in found.items() if texts}
