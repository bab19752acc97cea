"""The screens on which people decide: what they show, and what goes only on purpose."""

from datetime import datetime, timedelta, timezone
from importlib.util import module_from_spec, spec_from_file_location
from zoneinfo import ZoneInfo

from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import file_path, html2plaintext

from .test_transfer import TransferCommon


@tagged("post_install", "-at_install")
class TestTransferScreen(TransferCommon):
    def open(self, *moves, **values):
        moves = self.env["account.move"].union(*moves)
        return self._wizard("ropo.transfer.wizard", moves, self.user, **values)

    def line(self, wizard, move):
        return wizard.line_ids.filtered(lambda line: line.move_id == move)

    def homeless(self):
        return self._create_partner("Nowhere Oy", is_company=True, city=False)

    # --- what goes ---

    def test_an_invoice_with_a_warning_goes_only_when_it_was_chosen(self):
        calm = self.create_invoice(self.consumer, days_overdue=20)
        warned, another = (self.create_invoice(days_overdue=20) for _n in range(2))
        self.pay_in_advance(self.business)
        wizard = self.open(calm, warned, another)
        counts = (wizard.ready_count, wizard.warning_count, wizard.blocked_count)
        self.assertEqual(counts, (1, 2, 0))
        self.assertEqual(sum(wizard.line_ids.mapped("amount")), 125.5)
        self.assertEqual(sum(wizard.customer_ids.mapped("amount")), 125.5)
        self.line(wizard, warned).include = True
        self.assertEqual(wizard.ready_count, 2)
        self.assertEqual(
            {
                row.partner_id: (row.ready_count, row.amount)
                for row in wizard.customer_ids
            },
            {self.business: (1, 125.5), self.consumer: (1, 125.5)},
        )
        wizard.action_transfer()
        self.work_off()
        states = [move.ropo_state for move in (calm, warned, another)]
        self.assertEqual(states, ["reminder", "reminder", False])

    def test_when_each_has_a_warning_nothing_goes_and_it_says_so(self):
        warned = self.create_invoice(days_overdue=20)
        self.pay_in_advance(self.business)
        wizard = self.open(warned)
        self.assertEqual(wizard.ready_count, 0)
        with self.assertRaisesRegex(UserError, "has a warning"):
            wizard.action_transfer()
        self.assertFalse(self.requests_of(warned))

    def test_what_was_chosen_stays_chosen_while_the_terms_change(self):
        calm = self.create_invoice(self.consumer, days_overdue=20)
        warned = self.create_invoice(days_overdue=20)
        self.pay_in_advance(self.business)
        wizard = self.open(calm, warned)
        self.line(wizard, warned).include = True
        self.line(wizard, calm).include = False
        wizard.claim_parts = True
        wizard.action_check()
        included = {line.move_id: line.include for line in wizard.line_ids}
        self.assertEqual(included, {calm: False, warned: True})
        wizard.write({"kind": "collection", "notice_date": self.today})
        included = {line.move_id: line.include for line in wizard.line_ids}
        self.assertEqual(included, {calm: False, warned: True})

    def test_a_warning_that_came_meanwhile_leaves_the_invoice_out(self):
        move = self.create_invoice(days_overdue=20)
        calm = self.create_invoice(self.consumer, days_overdue=20)
        wizard = self.open(move, calm)
        self.assertEqual(wizard.ready_count, 2)
        self.pay_in_advance(self.business)
        wizard.action_transfer()
        self.assertFalse(self.requests_of(move))
        self.assertTrue(self.requests_of(calm))

    def test_nothing_goes_that_was_not_shown_as_going(self):
        partner = self.homeless()
        fixed = self.create_invoice(partner, days_overdue=20)
        ready = self.create_invoice(self.consumer, days_overdue=20)
        wizard = self.open(fixed, ready)
        self.assertEqual(wizard.ready_count, 1)
        partner.city = "Helsinki"
        wizard.action_transfer()
        self.assertTrue(self.requests_of(ready))
        self.assertFalse(self.requests_of(fixed))

    # --- three groups ---

    def test_what_cannot_go_for_good_stands_apart_from_what_can_be_fixed(self):
        ready = self.create_invoice(days_overdue=20)
        bad = self.create_invoice(self.homeless(), days_overdue=20)
        at_ropo = self.transferred()
        paid = self.create_invoice(days_overdue=20)
        self.pay(paid)
        wizard = self.open(ready, bad, at_ropo, paid)
        counts = (wizard.ready_count, wizard.blocked_count, wizard.final_count)
        self.assertEqual(counts, (1, 1, 2))
        self.assertEqual(
            {line.move_id: line.eligibility for line in wizard.line_ids},
            {ready: "ready", bad: "fix", at_ropo: "final", paid: "final"},
        )
        self.assertEqual(wizard.line_ids[-2:].move_id, at_ropo | paid, "last")
        self.assertEqual(
            wizard.line_ids.filtered("fix_record").move_id, bad, "nothing to fix"
        )
        send = self._wizard("ropo.send.wizard", ready | bad | at_ropo, self.user)
        self.env.invalidate_all()
        self.assertEqual(send.ready_line_ids.move_id, ready)
        self.assertEqual(send.blocked_line_ids.move_id, bad)
        self.assertEqual(send.final_line_ids.move_id, at_ropo)
        self.assertEqual(
            (send.ready_count, send.blocked_count, send.final_count), (1, 1, 1)
        )

    def test_what_time_or_a_person_can_change_is_not_final(self):
        undelivered = self.create_invoice(days_overdue=20)
        self._wizard("ropo.send.wizard", undelivered).action_send()
        early = self.create_invoice(self.consumer, days_overdue=30)
        early.ropo_notice_date = self.today - timedelta(days=1)
        alike = [
            self._create_partner(name, ref="SAME", is_company=True)
            for name in ("One Oy", "Two Oy")
        ]
        shared = self.create_invoice(alike[0], days_overdue=20)
        wizard = self.open(
            undelivered, early, shared, kind="collection", notice_date=self.reminded_on
        )
        verdicts = self.verdicts(
            undelivered | early | shared, "collection", notice_date=self.reminded_on
        )
        self.assertEqual(
            [verdict.code for verdict in verdicts.values()],
            ["delivery", "notice_early", "customer_number"],
        )
        self.assertEqual(
            {
                line.move_id: (line.eligibility, line.fix_record)
                for line in wizard.line_ids
            },
            {
                undelivered: ("fix", undelivered),
                early: ("fix", early),
                shared: ("fix", alike[0]),
            },
        )

    # --- the confirmation ---

    def test_one_confirmation_names_the_debtors_and_the_sum(self):
        moves = [self.create_invoice(days_overdue=days) for days in (20, 30)]
        moves.append(self.create_invoice(self.consumer, days_overdue=20))
        foreign = self.create_invoice(
            self.consumer,
            days_overdue=20,
            currency_id=self.setup_other_currency("SEK").id,
        )
        wizard = self.open(
            *moves,
            foreign,
            kind="collection",
            notice_date=self.today - timedelta(days=15),
        )
        self.pay_in_advance(self._create_partner("Nobody"))
        action = wizard.action_confirm()
        self.assertEqual((action["res_id"], action["target"]), (wizard.id, "new"))
        view = self.env.ref("ropo_connect.ropo_transfer_wizard_view_confirm")
        self.assertEqual(action["views"], [(view.id, "form")])
        self.assertFalse(self.env["ropo.request"].search([]))
        self.assertEqual(wizard.debtor_count, 2)
        text = wizard.confirmation.replace("\xa0", " ")
        for part in (
            "Invoices: 4.",
            "Debtors: 2.",
            "debt collection",
            "376.50",
            "125.50",
        ):
            self.assertIn(part, text)
        wizard.action_transfer()
        self.assertEqual(len(self.env["ropo.request"].search([])), 4)

    def test_nothing_is_confirmed_that_cannot_go(self):
        wizard = self.open(self.create_invoice(self.homeless(), days_overdue=20))
        with self.assertRaisesRegex(UserError, "has no city"):
            wizard.action_confirm()

    # --- what is noted ---

    def test_the_date_of_the_own_reminder_is_noted_on_the_invoice(self):
        day = self.today - timedelta(days=20)
        earlier = self.today - timedelta(days=25)
        bare, dated = (self.create_invoice(days_overdue=30) for _n in range(2))
        reminded = self.create_invoice(days_overdue=30)
        dated.ropo_notice_date = earlier
        self.transfer(bare | dated, "collection", self.user, notice_date=day)
        self.transfer(reminded, "reminder", self.user, notice_date=day)
        self.assertEqual(
            [move.ropo_notice_date for move in (bare, dated, reminded)],
            [day, earlier, False],
        )
        sent = self.sandbox.job(billnum=bare.name)["dataset"]["noticedate"]
        self.assertEqual(sent, day.isoformat())

    # --- what the chatter says ---

    def notes(self, move):
        return move.message_ids.filtered(
            lambda m: "Ropo has accepted" in (m.body or "")
        )

    def test_what_ropo_accepted_stands_in_the_chatter_once(self):
        invoice = self.create_invoice(days_overdue=20)
        self.send(invoice, self.user)
        note = self.notes(invoice)
        case = invoice.sudo().ropo_job_ids
        self.assertEqual(note.author_id, self.user.partner_id)
        self.assertTrue(note.is_internal)
        for words in (
            "Ropo has accepted: Invoice, 125.50",
            f"Case: {case.jobid}",
            f"Account: {self.account.name}",
            "Requested on: ",
        ):
            self.assertIn(words, html2plaintext(note.body).replace("\xa0", " "))
        self.transfer(
            invoice,
            "collection",
            self.user,
            notice_date=self.today - timedelta(days=10),
            notice_fee=5,
            claim_reason="<b>Work</b>",
        )
        claim = self.notes(invoice) - note
        self.assertEqual(len(claim), 1)
        for words in (
            "Collection, 125.50",
            "Own reminder sent on: ",
            "Own reminder fee: 5.00",
            "Reason: <b>Work</b>",
        ):
            self.assertIn(words, html2plaintext(claim.body).replace("\xa0", " "))
        self.assertIn("&lt;b&gt;Work", claim.body)
        self.work_off()
        self.assertEqual(self.notes(invoice), note | claim)

    def test_what_ropo_refused_is_not_said_to_be_accepted(self):
        partner = self._create_partner("Odd", ropo_sendtype="email", email="nobody")
        invoice = self.create_invoice(partner)
        self.send(invoice)
        self.assertEqual(self.requests_of(invoice).state, "rejected")
        self.assertFalse(self.notes(invoice))

    def test_the_notes_take_as_many_queries_for_many_as_for_few(self):
        def accept(count):
            moves = self.env["account.move"].union(
                *(self.create_invoice(days_overdue=20) for _n in range(count))
            )
            self.send(moves)
            requests = self.env["ropo.request"].sudo()
            requests = requests.search([("move_id", "in", moves.ids)])
            requests.mapped("job_id.jobid")
            self.env.flush_all()
            effects = self.env["ropo.effects"].sudo()
            return self.queries(lambda: effects._note_accepted(requests))

        accept(2)
        self.assertEqual(accept(30), accept(3))

    # --- no account ---

    def test_a_missing_account_is_fixed_by_setting_one_up(self):
        move = self.create_invoice(days_overdue=20)
        self.account.active = False
        for model in ("ropo.transfer.wizard", "ropo.send.wizard"):
            line = self._wizard(model, move, self.manager).line_ids
            self.assertEqual((line.fix_model, line.fix_id), ("ropo.account", 0), model)
            self.assertEqual(line.eligibility, "fix")
            line = self._wizard(model, move, self.user).line_ids
            self.assertFalse(line.fix_model, "a user can't set one up")
            self.assertIn("Ropo", line.reason)

    # --- the form ---

    def test_in_the_form_a_warning_is_chosen_after_the_kind_was_changed(self):
        calm = self.create_invoice(self.consumer, days_overdue=20)
        warned = self.create_invoice(days_overdue=20)
        self.pay_in_advance(self.business)
        action = (calm | warned).with_user(self.user).action_ropo_transfer()
        wizard = self.env["ropo.transfer.wizard"].with_user(self.user)
        with Form(wizard.browse(action["res_id"])) as form:
            form.kind = "collection"
            form.notice_date = self.today - timedelta(days=15)
            self.assertEqual(form.ready_count, 1)
            with form.line_ids.edit(0) as line:
                self.assertFalse(line.include)
                line.include = True
            self.assertEqual(form.ready_count, 2)
        form.record.action_transfer()
        self.work_off()
        self.assertEqual((calm | warned).mapped("ropo_state"), ["collection"] * 2)


@tagged("post_install", "-at_install")
class TestScheduledTransfers(TransferCommon):
    def setUp(self):
        super().setUp()
        self.account.auto_transfer = "reminder"
        self.Preview = self.env["ropo.transfer.preview"]

    def rows(self, user=None, domain=()):
        """What the list shows, as the browser reads it: grouped by customer."""
        self.env.invalidate_all()
        read = self.Preview.with_user(user or self.user).web_read_group(
            list(domain),
            ["partner_id"],
            ["amount:sum"],
            auto_unfold=True,
            unfold_read_specification={"move_id": {}, "amount": {}, "status": {}},
        )
        return [row for group in read["groups"] for row in group["__records"]], sum(
            group["amount:sum"] for group in read["groups"]
        )

    def flat(self, user=None):
        self.env.invalidate_all()
        spec = {"move_id": {}, "amount": {}, "status": {}}
        return self.Preview.with_user(user or self.user).web_search_read([], spec)

    # --- what is shown is as of now ---

    def test_reached_by_back_each_invoice_is_there_once_as_it_is_now(self):
        first, second = (self.create_invoice(days_overdue=20) for _n in range(2))
        for _time in range(3):
            self.account.with_user(self.user).action_preview_transfer()
            rows, total = self.rows()
            self.assertEqual(len(rows), 2)
            self.assertEqual(total, 251.0)
            self.assertEqual(self.flat()["length"], 2)
        ids = {row["id"] for row in rows}
        self.pay(first, 25.5)
        rows, total = self.rows()
        self.assertEqual(total, 225.5, "the amounts of now")
        self.assertEqual({row["id"] for row in rows}, ids, "what is selected stays")
        self.transfer(first)
        rows, total = self.rows()
        self.assertEqual([row["move_id"] for row in rows], [second.id])
        self.assertEqual(total, 125.5)
        self.assertEqual(len(self.Preview.sudo().search([])), 1, "older ones are gone")

    def test_an_action_that_was_opened_before_shows_what_is_so_now(self):
        move = self.create_invoice(days_overdue=20)
        action = self.account.with_user(self.user).action_preview_transfer()
        self.assertEqual(len(self.rows(domain=action["domain"])[0]), 1)
        self.transfer(move)
        self.assertEqual(self.rows(domain=action["domain"]), ([], 0))

    def test_each_person_sees_rows_of_their_own(self):
        move = self.create_invoice(days_overdue=20)
        for user in (self.user, self.manager, self.user):
            rows, total = self.rows(user)
            self.assertEqual((len(rows), total), (1, 125.5), user.login)
        self.assertEqual(len(self.Preview.sudo().search([])), 2)
        mine = self.Preview.with_user(self.user).search([])
        self.assertEqual(mine.create_uid, self.user)
        mine.action_hold()
        self.assertTrue(move.ropo_hold)
        self.assertEqual(self.rows(self.manager)[0][0]["status"], "held")

    def test_the_client_keeps_nothing_of_the_list(self):
        action = self.env.ref("ropo_connect.action_ropo_transfer_preview")
        self.assertFalse(action.cache or action.domain)
        for name in ("web_search_read", "web_read_group"):
            self.assertFalse(getattr(self.Preview, name)._readonly, "it writes rows")

    # --- when it runs ---

    def run_scheduler(self):
        """As Odoo's scheduler runs the cron, not as a person who presses a button."""
        self.env.flush_all()
        cron = self.env.ref("ropo_connect.cron_transfer_overdue").sudo()
        job = cron._acquire_one_job(self.cr, cron.id, include_not_ready=True)
        cron._process_job(self.cr, job)
        self.env.invalidate_all()

    def test_it_is_due_early_in_the_morning_of_the_company(self):
        company = self.env.company.partner_id
        moment = datetime(2026, 7, 1, 5, 26)  # 08:26 in Helsinki
        for zone, due in (
            (False, datetime(2026, 7, 2, 1)),
            ("Europe/Stockholm", datetime(2026, 7, 2, 2)),
            ("America/New_York", datetime(2026, 7, 1, 8)),
        ):
            company.tz = zone
            self.assertEqual(self.account._early_hour_after(moment), due, zone)
        company.tz = "Europe/Helsinki"
        self.assertEqual(
            self.account._early_hour_after(datetime(2026, 1, 15, 1, 59)),
            datetime(2026, 1, 15, 2),
            "the same night, in winter",
        )
        for account in self.account | self._create_account(
            self.env.company, name="Other", auto_transfer="collection"
        ):
            local = account.next_transfer_at.replace(tzinfo=timezone.utc).astimezone(
                ZoneInfo("Europe/Helsinki")
            )
            self.assertEqual((local.hour, local.minute), (4, 0))
            self.assertGreater(account.next_transfer_at, datetime.now())
        self.account.auto_transfer = "none"
        self.assertFalse(self.account.next_transfer_at)

    def test_what_is_switched_on_by_day_waits_for_the_night(self):
        move = self.create_invoice(days_overdue=20)
        self.run_scheduler()
        self.assertFalse(self.requests_of(move))
        self.account.next_transfer_at = datetime.now() - timedelta(minutes=1)
        self.run_scheduler()
        self.assertTrue(self.requests_of(move))
        self.assertGreater(self.account.next_transfer_at, datetime.now())

    def test_run_again_in_the_same_night_it_keeps_to_the_days_limit(self):
        self.account.auto_limit = 1
        moves = [self.create_invoice(days_overdue=days) for days in (30, 20)]
        self.account.next_transfer_at = datetime.now() - timedelta(minutes=1)
        for _again in range(3):
            self.run_scheduler()
        self.assertEqual(
            [bool(self.requests_of(move)) for move in moves], [True, False]
        )

    def test_by_hand_it_runs_at_once(self):
        move = self.create_invoice(days_overdue=20)
        self.run_cron("cron_transfer_overdue")
        self.assertTrue(self.requests_of(move))

    def test_the_list_and_the_account_show_the_time(self):
        self.create_invoice(days_overdue=20)
        row = self.Preview.with_user(self.user).web_search_read(
            [], {"next_transfer_at": {}}
        )["records"][0]
        self.assertEqual(row["next_transfer_at"], self.account.next_transfer_at)
        for model in (self.Preview, self.account):
            arch = model.get_view(view_type="list" if model == self.Preview else "form")
            self.assertIn('name="next_transfer_at"', arch["arch"])

    def test_an_upgrade_has_the_scheduler_look_each_full_hour(self):
        cron = self.env.ref("ropo_connect.cron_transfer_overdue")
        cron.write({"interval_type": "days", "nextcall": "2026-01-01 09:27:00"})
        cron.flush_recordset()
        path = file_path("ropo_connect/migrations/19.0.1.1.0/post-migrate.py")
        spec = spec_from_file_location("ropo_post_migrate", path)
        script = module_from_spec(spec)
        spec.loader.exec_module(script)
        script.look_each_hour_for_what_is_due(self.cr)
        cron.invalidate_recordset()
        self.assertEqual((cron.interval_number, cron.interval_type), (1, "hours"))
        ahead = cron.nextcall - datetime.now()
        self.assertTrue(timedelta() < ahead <= timedelta(hours=1))
        self.assertEqual((cron.nextcall.minute, cron.nextcall.second), (0, 0))

    def test_the_scheduler_looks_each_full_hour(self):
        cron = self.env.ref("ropo_connect.cron_transfer_overdue")
        self.assertEqual((cron.interval_number, cron.interval_type), (1, "hours"))
        self.assertEqual((cron.nextcall.minute, cron.nextcall.second), (0, 0))

    # --- empty lists ---

    def help_of(self, name, user):
        actions = self.env["ir.actions.act_window"].with_user(user)
        return actions._for_xml_id(f"ropo_connect.{name}")["help"]

    def test_without_an_account_each_list_leads_to_the_set_up(self):
        self.assertIn(
            "No invoice to send found", self.help_of("action_ropo_to_send", self.user)
        )
        self.account.active = False
        for name in (
            "action_ropo_to_send",
            "action_ropo_to_transfer",
            "action_ropo_transfer_preview",
        ):
            for_manager = self.help_of(name, self.manager)
            self.assertIn("there is no Ropo account yet", for_manager)
            self.assertIn('data-model="ropo.account"', for_manager)
            for_user = self.help_of(name, self.user)
            self.assertIn("there is no Ropo account yet", for_user)
            self.assertIn(f"Ask {self.env.user.name}", for_user.replace("\xa0", " "))
            self.assertNotIn("data-model", for_user)
            self.assertNotIn("No invoice to send found", for_user)
        invoices = self.env.ref("account.action_move_out_invoice_type")
        action = invoices.with_user(self.manager)._get_action_dict()
        self.assertNotIn("Ropo", action["help"] or "")

    def test_the_nightly_list_opens_where_nothing_is_transferred_by_itself(self):
        self.account.auto_transfer = "none"
        accounts = self.env["ropo.account"]
        for user, leads in ((self.manager, True), (self.user, False)):
            action = accounts.with_user(user).action_preview_transfers()
            self.assertIn("Nothing is transferred automatically", action["help"])
            self.assertEqual('data-model="ropo.account"' in action["help"], leads)
            self.assertEqual(self.flat(user)["length"], 0)
