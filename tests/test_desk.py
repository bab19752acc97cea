"""The lists and buttons of every day: in order, and never without a word."""

from ast import literal_eval

from lxml import etree

from odoo.tests import tagged

from ..bench import screens
from ..channels.errors import NotSent, Reason
from .ledger import LedgerCommon

STAGES = ["invoiced", "reminder", "collection", "legal", "paid", "closed"]


@tagged("post_install", "-at_install")
class TestDesk(LedgerCommon):
    def assertSays(self, action, text, kind="success"):
        self.assertEqual(action["tag"], "display_notification")
        params = action["params"]
        self.assertEqual((params["message"], params["type"]), (text, kind))
        return params["next"]

    def users_case(self):
        return self.transferred_case()[1].with_user(self.user)

    # --- lists ---

    def arch(self, action, user=None):
        """Of the list that the menu opens."""
        action = self.env.ref(f"ropo_connect.{action}")
        view = self.env["account.move"].with_user(user or self.user)
        view = view.with_context(ropo_list=True).get_view(action.view_id.id, "list")
        return etree.fromstring(view["arch"])

    def test_the_lists_show_what_is_due_and_have_their_button_and_no_upload(self):
        for action, button in (
            ("action_ropo_to_send", "action_ropo_send"),
            ("action_ropo_to_transfer", "action_ropo_transfer"),
        ):
            arch = self.arch(action)
            self.assertFalse(arch.get("js_class"), "which brings Odoo's upload")
            main = arch.xpath("header/button[@display='always']/@name")
            self.assertEqual(main, [button])
            shown = set(arch.xpath("field[@optional='show']/@name"))
            self.assertIn("amount_residual_signed", shown)
            self.assertIn("ropo_next_step", shown)
            self.assertNotIn("amount_total_in_currency_signed", shown)

    def test_the_cards_have_no_upload_either(self):
        for name in ("to_send", "to_transfer", "sent"):
            action = self.env.ref(f"ropo_connect.action_ropo_{name}")
            views = [(mode, view) for view, mode in action.views]
            self.assertEqual(
                [mode for mode, _view in views], ["list", "kanban", "form", "activity"]
            )
            for mode, view in views[:2]:
                arch = self.env["account.move"].get_view(view, mode)["arch"]
                self.assertFalse(etree.fromstring(arch).get("js_class"), (name, mode))

    def test_before_anything_is_selected_the_button_says_what_to_do(self):
        nothing = self.env["account.move"].with_user(self.user)
        text = "Select invoices first. The box above the list selects all of them."
        for action in (nothing.action_ropo_send, nothing.action_ropo_transfer):
            self.assertSays(action(), text, "warning")

    def test_what_is_at_ropo_and_paid_here_is_found(self):
        paid, _open = self.transferred(), self.transferred()
        self.pay(paid)
        view = self.env.ref("ropo_connect.account_move_view_search")
        (domain,) = etree.fromstring(view.arch).xpath(
            "//filter[@name='ropo_paid_here']/@domain"
        )
        moves = self.env["account.move"].search_fetch(
            [("company_id", "=", self.env.company.id)]
        )
        found = moves.filtered_domain(literal_eval(domain))
        self.assertEqual(found, paid)

    def test_each_view_of_the_menu_and_each_favourite_opens(self):
        self.users_case()
        env = self.env(user=self.user)
        found = [*screens.of_menu(env), *screens.favourites(env)]
        for name, open_it in found:
            with self.subTest(name):
                open_it(env)
        self.assertIn("Cases: pivot", [name for name, _open in found])

    def test_stages_are_in_the_order_in_which_they_come(self):
        jobs = self.env["ropo.job"]
        for stage in sorted(STAGES):
            _invoice, case = self.transferred_case()
            case.stage = stage
            jobs |= case
        domain = [("id", "in", jobs.ids)]
        groups = jobs._read_group(domain, ["stage"], ["__count"])
        self.assertEqual([stage for stage, _count in groups], STAGES)
        groups = jobs.formatted_read_group(domain, ["stage"], ["__count"])
        self.assertEqual([group["stage"] for group in groups], STAGES)
        found = jobs.search(domain, order="stage desc")
        self.assertEqual(found.mapped("stage"), STAGES[::-1])

    def test_invoices_are_in_the_order_in_which_their_states_come(self):
        sent, reminder = self.create_invoice(), self.transferred()
        collection = self.transferred("collection")
        self.send(sent)
        moves = sent | reminder | collection
        groups = moves.formatted_read_group(
            [("id", "in", moves.ids)], ["ropo_state"], ["__count"]
        )
        states = ["sent", "reminder", "collection"]
        self.assertEqual([group["ropo_state"] for group in groups], states)

    # --- buttons ---

    def test_updating_a_status_says_what_came_of_it(self):
        case = self.users_case()
        self.at_ropo(case, "stage", stage="collection")
        self.assertSays(case.action_refresh(), "The case is updated.")
        self.assertSays(case.action_refresh(), "Nothing new.", "info")
        other = self.users_case()
        other.action_refresh()
        self.at_ropo(other, "stage", stage="collection")
        self.assertSays(
            (case | other).action_refresh(), "Something has changed in 1 of 2 cases."
        )

    def test_fetching_updates_says_how_many_came(self):
        account = self.account.with_user(self.manager)
        account.action_poll_status()
        self.assertSays(account.action_poll_status(), "Nothing new.", "info")
        case = self.users_case()
        account.action_poll_status()
        self.at_ropo(case, "stage", stage="collection")
        self.assertSays(account.action_poll_status(), "1 update.")
        for amount in (10, 20):
            self.at_ropo(case, "pay", amount=amount)
        self.assertSays(account.action_poll_status(), "2 updates.")

    def test_fetching_updates_of_a_paused_account_says_so(self):
        account = self.account.with_user(self.manager)
        self.account._pause(NotSent(Reason.CONNECT))
        self.env.flush_all()
        self.assertSays(
            account.action_poll_status(),
            "The account is paused: nothing was fetched.",
            "warning",
        )

    def test_registering_a_payment_says_what_came_of_it(self):
        self._register_collected()
        self.account.register_payments = False
        case = self.users_case()
        self.at_ropo(case, "pay", amount=20)
        self.run_cron("cron_poll_status")
        event = case.event_ids.filtered("may_register")
        self.assertSays(event.action_register_payment(), "The payment is registered.")
        event.sudo().settlement = "booked"
        self.assertSays(
            event._notify_registered(), "Already registered by hand.", "info"
        )
        event.sudo().settlement_note = "See there."
        self.assertSays(event._notify_registered(), "See there.", "warning")

    def test_downloading_documents_says_how_many_are_new(self):
        case = self.users_case()
        then = self.assertSays(
            case.action_fetch_pdf(), "One document is attached to its invoice."
        )
        self.assertEqual(
            (then["res_model"], then["res_id"]), ("account.move", case.move_id.id)
        )
        nothing = "Nothing new: what Ropo has is attached already."
        self.assertSays(case.action_fetch_pdf(), nothing, "info")
        cases = case | self.users_case() | self.users_case()
        self.assertSays(
            self._wizard("ropo.pdf.wizard", cases.move_id, self.user).action_fetch(),
            "2 documents are attached to their invoices.",
        )
        invoice = case.move_id
        self.assertSays(invoice.action_ropo_fetch_pdf(), nothing, "info")

    def test_without_an_account_for_losses_the_reason_says_so(self):
        invoice = self.transferred()
        nothing = self.env["account.account"]
        problem = self.env["ropo.bad.debt"]._problem
        self.assertEqual(
            problem(invoice, nothing),
            f"{self.account.name} has no bad debt account. A Ropo manager adds one "
            "there, under Payments.",
        )
        self.account.bad_debt_account_ids = self.env["account.account"].create(
            {"name": "Bad Debts", "code": "688888", "account_type": "expense"}
        )
        self.assertEqual(problem(invoice, nothing), "Choose the account of the loss.")

    def test_the_kind_of_an_event_is_read_as_a_word(self):
        event = self.env["ropo.event"].new({"kind": "payment"})
        self.assertEqual(event.kind_text, "Payment")
        event.kind = "PAYMENTPLAN"
        self.assertEqual(event.kind_text, "Paymentplan")
