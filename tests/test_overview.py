"""The overview: what it counts, what it opens, and what it says of an account."""

import json
from datetime import timedelta

from lxml import etree

from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.modules.migration import load_script
from odoo.tests import new_test_user, tagged

from ..services.overview import FIGURES
from .common import ROOT, RopoCommon

NAMES = [figure.name for figure in FIGURES]
FIELDS = [f"overview_{name}" for name in NAMES]
SUMMED = [figure.name for figure in FIGURES if figure.amount]


@tagged("post_install", "-at_install")
class TestOverview(RopoCommon):
    # --- helpers ---

    def queued(self, invoice, *states, **values):
        """A request that took this way through the states."""
        request = self.env["ropo.request"]._queue(
            [
                {
                    "account_id": self.account.id,
                    "company_id": invoice.company_id.id,
                    "move_id": invoice.id,
                    "operation": "invoice",
                    "amount": invoice.amount_total,
                    "currency_id": invoice.currency_id.id,
                    **values,
                }
            ]
        )
        for state in states:
            request._set_state(state)
        self.env.flush_all()
        return request

    def figures(self, account=None, user=None):
        """`{name: number}` of the card, without the zeros."""
        self.env.flush_all()
        self.env.invalidate_all()
        account = (account or self.account).with_user(user or self.user)
        card = account.read(FIELDS)[0]
        return {
            name: card[f"overview_{name}"] for name in NAMES if card[f"overview_{name}"]
        }

    def opened(self, name, account=None, user=None):
        """The records behind a figure."""
        account = (account or self.account).with_user(user or self.user)
        action = account.with_context(figure=name).action_open_figure()
        records = account.env[action["res_model"]]
        return records.with_context(**action["context"]).search(action["domain"])

    def assertOpens(self, account=None, user=None):
        figures = self.figures(account, user)
        opened = {name: len(self.opened(name, account, user)) for name in NAMES}
        self.assertEqual({n: count for n, count in opened.items() if count}, figures)

    def all_sorts(self):
        """Something behind each figure."""
        reminded, collected, closed, left = (
            self.transferred_case()[1] for _n in range(4)
        )
        self.at_ropo(collected, "stage", stage="collection")
        self.at_ropo(collected, "pay", amount=25.5)
        self.at_ropo(reminded, "comment", text="Hello")
        self.run_cron("cron_poll_status")
        for job in (closed, left):
            job._set_stage("closed", fields.Datetime.now())
        left.decision = "leave"
        collected.event_ids.filtered("amount").settlement = "person"
        self.run_cron("cron_check_differences")
        late = [self.create_invoice(days_overdue=20) for _n in range(2)]
        self.queued(late[0])
        self.queued(self.create_invoice(), "sending")
        self.queued(self.create_invoice(), "sending", "rejected")
        again = self.create_invoice()
        self.queued(again, "sending", "rejected")
        self.queued(again, "sending", "unknown")

    # --- figures ---

    def test_each_figure_counts_what_it_opens(self):
        self.assertOpens()
        self.assertEqual(self.figures(), {})
        self.all_sorts()
        self.assertOpens()
        self.assertEqual(
            self.figures(),
            {
                "waiting": 2,
                "rejected": 1,
                "unknown": 1,
                "unread": 1,
                "undecided": 1,
                "unsettled": 1,
                "mismatch": 1,
                "overdue": 4,
                "reminder": 1,
                "collection": 1,
                "collected": 1,
            },
        )

    def test_amounts_are_those_of_the_records(self):
        self.all_sorts()
        currency = self.env.company.currency_id
        self.figures()
        card = self.account.with_user(self.user)
        expected = {"overdue": 502.0, "reminder": 125.5, "collection": 100.0}
        expected["collected"] = 25.5
        self.assertEqual(sorted(expected), sorted(SUMMED))
        for name, amount in expected.items():
            with self.subTest(name):
                figure = next(f for f in FIGURES if f.name == name)
                records = self.opened(name)
                self.assertEqual(sum(records.mapped(figure.amount)), amount)
                text = card[f"overview_{name}_amount"]
                self.assertEqual(text, currency.format(amount))

    def test_a_mismatch_is_red_only_when_the_next_run_does_not_settle_it(self):
        younger = self.transferred_case()[0]
        self.all_sorts()
        job = self.opened("mismatch").job_id.sudo()
        allowed = timedelta(days=self.account.difference_days)
        card = self.account.with_user(self.user)
        for days, is_late in ((allowed - timedelta(days=1), False), (allowed, True)):
            job.differs_since = fields.Date.today() - days
            self.figures()
            self.assertEqual(
                (card.overview_mismatch, card.overview_mismatch_is_late), (1, is_late)
            )
        self.pay(younger, 10)
        self.run_cron("cron_check_differences")
        self.figures()
        self.assertEqual(card.overview_mismatch, 2, "else no test")
        self.assertTrue(card.overview_mismatch_is_late, "one of them still is")

    def test_amounts_in_several_currencies_stand_side_by_side(self):
        crowns = self.setup_other_currency("SEK")
        self.create_invoice(days_overdue=20)
        self.create_invoice(days_overdue=20, currency_id=crowns.id)
        self.figures()
        texts = self.account.overview_overdue_amount.split(" + ")
        own = self.env.company.currency_id
        formatted = {own.format(125.5), crowns.format(125.5)}
        self.assertEqual((len(texts), set(texts)), (2, formatted))

    def test_this_month_begins_with_its_first_day(self):
        _invoice, job = self.transferred_case()
        for _n in range(2):
            self.at_ropo(job, "pay", amount=10)
        self.run_cron("cron_poll_status")
        first = fields.Date.today().replace(day=1)
        paid = job.event_ids.filtered("counted")
        self.assertEqual(set(paid.mapped("collected_on")), {self.today})
        paid[0].day, paid[1].day = first, first - timedelta(days=1)
        self.assertEqual(self.figures()["collected"], 1)
        self.assertEqual(self.opened("collected"), paid[0].with_user(self.user))

    def test_what_was_sent_again_is_no_longer_to_fix(self):
        invoice = self.create_invoice()
        first = self.queued(invoice, "sending", "rejected")
        self.assertEqual(self.opened("rejected").sudo(), first)
        second = self.queued(invoice)
        self.assertFalse(self.opened("rejected"))
        second._set_state("sending")
        second._set_state("rejected")
        self.assertEqual(self.opened("rejected").sudo(), second)
        requests = first | second
        problems = requests._still_open_problems()
        self.assertEqual(requests.filtered("is_to_fix"), problems)
        self.assertEqual(problems, second)
        paid = {"operation": "payment"}
        reports = [
            self.queued(invoice, "sending", "rejected", source_partial_id=n, **paid)
            for n in (7, 8)
        ]
        self.queued(invoice, source_partial_id=7, **paid)
        self.assertEqual(self.opened("rejected").sudo(), second | reports[1])

    def test_a_journals_invoices_count_for_its_own_account(self):
        other = self._create_account(self.env.company, name="Shop", cid="700002")
        journal = self.env["account.journal"].create(
            {"name": "Shop", "code": "SHOP", "type": "sale"}
        )
        journal.ropo_account_id = other
        self.create_invoice(days_overdue=20)
        for _n in range(2):
            self.create_invoice(days_overdue=20, journal_id=journal.id)
        self.assertEqual(self.figures(), {"overdue": 1})
        self.assertEqual(self.figures(other), {"overdue": 2})
        self.assertOpens()
        self.assertOpens(other)
        other.active = False
        self.assertEqual(self.figures(), {"overdue": 3})
        self.assertEqual(self.figures(other), {})
        self.assertOpens()
        self.assertOpens(other)

    def test_a_branch_sees_of_its_parents_account_what_is_its_own(self):
        branch = self.env["res.company"].create(
            {
                "name": "Branch Oy",
                "parent_id": self.env.company.id,
                "country_id": self.env.ref("base.fi").id,
            }
        )
        self.cr.precommit.run()  # gives it its parent's accounts
        self.env.user.company_ids |= branch
        journal = self.company_data["default_journal_sale"]
        self.create_invoice(days_overdue=20)
        mine = self.create_invoice(
            days_overdue=20, company_id=branch.id, journal_id=journal.id
        )
        user = new_test_user(
            self.env,
            login="branch",
            groups="ropo_connect.group_ropo_user",
            company_id=branch.id,
            company_ids=[Command.set(branch.ids)],
        )
        self.assertEqual(self.figures(user=user), {"overdue": 1})
        self.assertEqual(self.opened("overdue", user=user).sudo(), mine)

    def test_the_number_of_queries_does_not_grow_with_the_accounts(self):
        self.all_sorts()
        names = [
            *FIELDS,
            "overview_graph",
            "overview_problem",
            *(f"overview_{name}_amount" for name in SUMMED),
        ]
        card = self.account.with_user(self.user)

        def add(number):
            return card | self._create_account(
                self.env.company,
                name=f"Account {number}",
                cid=f"70001{number}",
                paused_until=fields.Datetime.now() + timedelta(hours=number),
            ).with_user(self.user)

        card = add(1)  # paused, so that its time is shown as the user's
        self.queries(lambda: card.read(names))  # fills the caches of the registry
        few = self.queries(lambda: card.read(names))
        for number in range(2, 6):
            card = add(number)
        production = {"environment": "production", "country": "fi"}
        self.assertEqual(self.queries(lambda: card.read(names)), few)
        card[1].sudo().write(production)
        server = self.queries(lambda: card.read(names))
        card[2:].sudo().write(production)
        self.assertEqual(self.queries(lambda: card.read(names)), server)

    # --- who sees it ---

    def test_a_user_sees_it_first_and_a_salesperson_does_not(self):
        menu = self.env.ref("ropo_connect.menu_ropo")
        first = self.env.ref("ropo_connect.menu_ropo_overview")
        self.assertEqual(menu.child_id.sorted("sequence")[0], first)
        seller = new_test_user(self.env, login="seller", groups="base.group_user")
        visible = {
            user: first.id in self.env["ir.ui.menu"].with_user(user)._visible_menu_ids()
            for user in (self.user, seller)
        }
        self.assertEqual(visible, {self.user: True, seller: False})
        with self.assertRaises(AccessError):
            self.account.with_user(seller).read(FIELDS)

    def test_cards_are_those_of_the_allowed_companies(self):
        company = self.setup_other_company(name="Other Oy")["company"]
        other = self._create_account(company, cid="700009")
        cards = self.env["ropo.account"].with_user(self.user)
        self.assertEqual(cards.search([]).sudo(), self.account)
        self.user.company_ids |= company
        both = cards.with_context(allowed_company_ids=self.user.company_ids.ids)
        self.assertEqual(set(both.search([]).ids), {self.account.id, other.id})

    def test_each_figure_has_its_button_on_the_card_under_its_own_name(self):
        view = (
            self.env["ropo.account"]
            .with_user(self.user)
            .get_view(
                self.env.ref("ropo_connect.ropo_account_view_overview").id, "kanban"
            )
        )
        buttons = {
            button.get("context"): "".join(button.find("span").itertext()).strip()
            for button in etree.fromstring(view["arch"]).iterfind(".//a")
            if button.get("name") == "action_open_figure"
        }
        labels = self.env["ropo.account"].fields_get(FIELDS, ["string"])
        self.assertEqual(
            buttons,
            {
                "{'figure': '%s'}" % name: labels[f"overview_{name}"]["string"]
                for name in NAMES
            },
        )
        for name in NAMES:
            action = self.account.with_context(figure=name).action_open_figure()
            self.assertEqual(action["name"], labels[f"overview_{name}"]["string"])

    # --- cases by stage ---

    def test_the_kanban_of_cases_has_the_stages_in_their_order(self):
        jobs = [self.transferred_case()[1] for _n in range(3)]
        for job, stage in zip(jobs, ("payment_plan", "legal", "reminder"), strict=True):
            job.stage = stage
        self.env.flush_all()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "ropo_connect.action_ropo_job"
        )
        self.assertIn("kanban", action["view_mode"].split(","))
        cases = self.env["ropo.job"].with_user(self.user)
        view = etree.fromstring(cases.get_view(view_type="kanban")["arch"])
        groups = cases.web_read_group(
            [("is_collected", "=", True)], [view.get("default_group_by")]
        )["groups"]
        self.assertEqual(
            [group["stage"] for group in groups], ["reminder", "legal", "payment_plan"]
        )
        may = ("create", "edit", "delete", "records_draggable", "quick_create")
        self.assertEqual({view.get(name) for name in may} - {"0", "False"}, set())

    # --- Odoo's own dashboard ---

    def dashboard(self, journal, user=None):
        """What the card of the journal says of Ropo."""
        self.env.flush_all()
        self.env.invalidate_all()
        card = json.loads(journal.with_user(user or self.user).kanban_dashboard)
        return {k: v for k, v in card.items() if k.startswith("ropo_")}

    def behind(self, journal, name):
        journal = journal.with_user(self.user).with_context(figure=name)
        action = journal.action_open_ropo_figure()
        return self.env[action["res_model"]].search(action["domain"])

    def test_the_card_of_a_sales_journal_counts_what_it_opens(self):
        sales = self.company_data["default_journal_sale"]
        shop = self.env["account.journal"].create(
            {"name": "Shop", "code": "SHOP", "type": "sale"}
        )
        self.assertEqual(self.dashboard(sales), {"ropo_rejected": 0, "ropo_overdue": 0})
        late = [self.create_invoice(days_overdue=20) for _n in range(2)]
        self.transfer(late[0])
        elsewhere = self.create_invoice(days_overdue=20, journal_id=shop.id)
        refused = self.queued(self.create_invoice(), "sending", "rejected")
        self.assertEqual(self.dashboard(sales), {"ropo_rejected": 1, "ropo_overdue": 1})
        self.assertEqual(self.dashboard(shop), {"ropo_rejected": 0, "ropo_overdue": 1})
        self.assertEqual(self.behind(sales, "overdue"), late[1])
        self.assertEqual(self.behind(shop, "overdue"), elsewhere)
        self.assertEqual(self.behind(sales, "rejected"), refused)
        self.assertFalse(self.behind(shop, "rejected"))

    def test_the_card_of_a_journal_says_nothing_of_ropo_where_it_is_not_used(self):
        sales = self.company_data["default_journal_sale"]
        self.create_invoice(days_overdue=20)
        accountant = new_test_user(
            self.env, login="accountant", groups="account.group_account_user"
        )
        self.assertEqual(self.dashboard(sales, accountant), {})
        purchases = self.company_data["default_journal_purchase"]
        self.assertEqual(self.dashboard(purchases), {})
        self.account.active = False
        self.assertEqual(self.dashboard(sales), {"ropo_rejected": 0, "ropo_overdue": 0})
        self.assertFalse(self.behind(sales, "overdue"))

    def test_the_dashboard_asks_as_often_for_many_journals_as_for_one(self):
        journals = self.company_data["default_journal_sale"]
        self.create_invoice(days_overdue=20)
        self.queued(self.create_invoice(), "sending", "rejected")
        overview = self.env["ropo.overview"].with_user(self.user)
        self.queries(lambda: overview._journal_figures(journals))  # fills caches
        one = self.queries(lambda: overview._journal_figures(journals))
        for number in range(4):
            journals |= journals[0].create(
                {"name": f"Shop {number}", "code": f"S{number}", "type": "sale"}
            )
            self.create_invoice(days_overdue=20, journal_id=journals[-1].id)
        many = self.queries(lambda: overview._journal_figures(journals))
        self.assertEqual(many, one)
        self.assertLess(many, 12)

    # --- the graph ---

    def test_the_graph_shows_what_was_collected_by_week(self):
        _invoice, job = self.transferred_case()
        self.assertFalse(self.account.overview_graph)
        for amount in (10, 20, 30):
            self.at_ropo(job, "pay", amount=amount)
        self.run_cron("cron_poll_status")
        monday = self.today - timedelta(days=self.today.weekday())
        events = job.event_ids.filtered("counted").sorted("amount")
        events[0].day = monday - timedelta(days=1)
        events[1].day = monday - timedelta(days=7)
        events[2].day = monday
        self.env.flush_all()
        self.env.invalidate_all()
        (graph,) = json.loads(self.account.overview_graph)
        values = [point["value"] for point in graph["values"]]
        self.assertEqual(values, [0, 0, 0, 0, 30, 30])
        types = [point["type"] for point in graph["values"]]
        self.assertEqual(types, ["past"] * 5 + ["future"])

    # --- why nothing is sent ---

    def problem(self):
        self.env.invalidate_all()
        account = self.account.with_user(self.user)
        return account.overview_problem, account.overview_remedy

    def test_a_card_that_can_not_connect_says_why(self):
        self.assertEqual(
            self.problem(), ("The connection has not been tested yet.", "test")
        )
        self.account.with_user(self.manager).action_test_connection()
        self.assertEqual(self.problem(), (False, False))

        self.account.apicode = False
        text, remedy = self.problem()
        self.assertEqual(remedy, "configure")
        self.assertEqual(
            text,
            f"{self.account.name} lacks: API Code. A system administrator enters what "
            "was given for this environment.",
        )
        self.account.apicode = "sandbox-apicode"
        self.account.active = False
        self.assertEqual(self.problem(), ("This account is archived.", "configure"))

    def test_a_paused_card_says_until_when_and_why(self):
        self.move_ropo_to("http://127.0.0.1:9")
        self.run_cron("cron_poll_status")
        text, remedy = self.problem()
        self.assertEqual(remedy, "test")
        reason = (
            f"{self.account.name}: 127.0.0.1:9 can't be reached. Check the address, "
            "and that this server may connect to it."
        )
        self.assertEqual(self.account.pause_reason, reason)
        self.assertRegex(text, r"^Paused until .+\. " + reason[:20])
        self.account.paused_until = fields.Datetime.now() + timedelta(days=1)
        self.assertFalse(self.account.pause_reason)
        self.assertNotIn(reason, self.problem()[0])

    def test_a_closed_service_says_so(self):
        account = self._create_account(
            self.env.company,
            channel="maventa",
            maventa_company_uuid="1",
            maventa_user_api_key="2",
            maventa_vendor_api_key="3",
            last_contact=fields.Datetime.now(),
        )
        remedies = {}
        for state in ("inactive", "pending", "active"):
            account.service_state = state
            remedies[state] = account.overview_remedy
        self.assertEqual(
            remedies, {"inactive": "activate", "pending": "refresh", "active": False}
        )

    def test_the_last_contact_is_when_ropo_last_answered(self):
        self.assertFalse(self.account.last_contact)
        self.run_cron("cron_poll_status")
        self.env.invalidate_all()
        contact = self.account.last_contact
        self.assertLess(fields.Datetime.now() - contact, timedelta(minutes=5))
        long_ago = contact - timedelta(days=1)
        self.account.last_contact = long_ago
        self.move_ropo_to("http://127.0.0.1:9")
        self.run_cron("cron_poll_status")
        self.env.invalidate_all()
        self.assertEqual(self.account.last_contact, long_ago)

    # --- upgrade ---

    def test_an_upgrade_knows_the_day_of_what_was_collected_before(self):
        _invoice, job = self.transferred_case()
        self.at_ropo(job, "pay", amount=10)
        self.at_ropo(job, "comment", text="Hello")
        self.run_cron("cron_poll_status")
        events = job.event_ids
        before = events.mapped("collected_on")
        self.assertEqual(set(before), {False, self.today})
        self.env.flush_all()
        self.cr.execute("ALTER TABLE ropo_event DROP collected_on")
        path = ROOT / "migrations" / "19.0.1.4.0" / "pre-migrate.py"
        for _twice in range(2):
            load_script(str(path), "ropo_pre_4").migrate(self.cr, "19.0.1.3.0")
        self.env.invalidate_all()
        self.assertEqual(events.mapped("collected_on"), before)
