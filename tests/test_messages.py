"""What Ropo writes is a task, and a broken payment plan too: over each channel."""

from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.modules.migration import load_script
from odoo.tests import Form, new_test_user, tagged

from .common import ROOT, RopoCommon
from .maventa import MaventaCommon

EVIL = "<img src=x onerror=alert(1)>"
BROKEN = "ropo_connect.mail_activity_type_plan_broken"


class Promises:
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account.user_id = cls.user
        cls.seller = cls.colleague("seller", "base.group_user")
        cls.accountant = cls.colleague("reader", "account.group_account_readonly")

    @classmethod
    def colleague(cls, login, groups, company=None):
        company = company or cls.env.company
        return new_test_user(
            cls.env,
            login=f"{login} {cls.account.channel}",
            groups=groups,
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )

    # --- helpers ---

    def case(self, invoice=None):
        invoice = invoice or self.transferred()
        return invoice.sudo().ropo_job_ids.filtered("is_collected")

    def tell(self, case, text="Please call us"):
        """Somebody at Ropo writes, and it is fetched; the message."""
        self.write_there(case.move_id, text)
        self.run_cron("cron_poll_status")
        return self.messages(case)[:1]

    def messages(self, case):
        return case.event_ids.filtered("is_message")

    def receive(self, case, *numbers, source="poll", text="Hello", **values):
        """Rows come with a message each, as they are reported; their events."""
        time = fields.Datetime.now() - timedelta(days=values.pop("days", 0))
        rows = [self.row(case, number, text, str(time), **values) for number in numbers]
        inbox = self.env["ropo.inbox"].sudo()
        events = inbox._store(self.account, rows, source)
        inbox._interpret_waiting(self.account)
        return events

    def move(self, case, *stages):
        for stage in stages:
            self.move_there(case.move_id, stage)
            self.run_cron("cron_poll_status")

    def plan_questions(self, case):
        return case.activity_search([BROKEN])

    # --- one task for each message ---

    def test_what_ropo_writes_is_one_task_of_the_responsible(self):
        case = self.case()
        message = self.tell(case, EVIL)
        activity = case.activity_ids
        self.assertEqual(len(activity), 1)
        self.assertEqual((activity.user_id, activity.res_id), (self.user, case.id))
        self.assertIn("&lt;img src=x", activity.note)
        self.assertNotIn("<img", activity.note)
        self.assertTrue(message.is_unread)
        for _time in range(2):
            self.run_cron("cron_poll_status")
        message.with_user(self.manager).action_interpret()
        self.assertEqual(case.activity_ids, activity)

    def test_without_a_responsible_the_administrator_gets_it(self):
        self.account.user_id = False
        case = self.case()
        self.tell(case)
        self.assertEqual(case.activity_ids.user_id, self.env.ref("base.user_admin"))

    def test_what_comes_two_ways_under_different_ids_is_one_task(self):
        case = self.case()
        first = self.receive(case, 1)
        second = self.receive(case, 2, source="webhook")
        self.assertEqual(len(case.activity_ids), 1)
        self.assertEqual(second.duplicate_of_id, first)
        self.receive(case, 3, text="Something else")
        self.receive(case, 4, days=1)
        self.assertEqual(len(case.activity_ids), 3)

    def test_what_comes_twice_at_once_is_one_task(self):
        case = self.case()
        self.receive(case, 1, 2)
        self.assertEqual(len(case.activity_ids), 1)

    def test_history_is_kept_and_asks_nobody(self):
        case = self.case()
        old = self.receive(case, 1, days=31)
        self.assertTrue(old.is_message)
        self.assertFalse(old.is_unread)
        self.assertFalse(case.activity_ids)
        self.assertTrue(self.receive(case, 2, days=29).is_unread)

    def test_a_stage_and_a_payment_are_no_messages(self):
        case = self.case()
        self.move(case, "collection")
        self.pay_there(case.move_id, 20)
        self.run_cron("cron_poll_status")
        self.assertEqual((case.stage, case.open_amount), ("collection", 105.5))
        self.assertFalse(self.messages(case))
        self.assertFalse(case.activity_ids)

    # --- read ---

    def test_what_is_read_is_done(self):
        case = self.case()
        messages = self.tell(case, "One") | self.tell(case, "Two")
        self.assertEqual(messages.mapped("is_unread"), [True, True])
        messages.with_user(self.user).action_mark_read()
        self.assertEqual(messages.mapped("is_unread"), [False, False])
        self.assertFalse(case.activity_ids)
        messages.with_user(self.user).action_mark_read()

    def test_what_is_done_is_read(self):
        case = self.case()
        message = self.tell(case)
        case.activity_ids.with_user(self.user).action_feedback(feedback="Called")
        self.assertFalse(message.is_unread)
        other = self.tell(case, "And again")
        case.activity_ids.with_user(self.manager).unlink()
        self.assertFalse(other.is_unread)

    def test_what_is_unread_comes_first_in_the_list(self):
        case = self.case()
        unread = self.receive(case, 1, text="Unread", days=2)
        read = self.receive(case, 2, text="Read", days=1)
        old = self.receive(case, 3, text="Old", days=40)
        read.with_user(self.user).action_mark_read()
        action = self.env.ref("ropo_connect.action_ropo_message")
        domain = [("job_id", "=", case.id), ("is_message", "=", True)]
        order = "is_unread desc, event_time desc, id desc"
        events = self.env["ropo.event"].with_user(self.user)
        self.assertIn(f'default_order="{order}"', action.view_id.arch)
        self.assertEqual(events.search(domain, order=order), unread | read | old)
        self.assertEqual(events.search([*domain, ("is_unread", "=", True)]), unread)

    # --- answered ---

    def test_an_answer_is_noted_and_the_message_read(self):
        case = self.case()
        message = self.tell(case)
        action = message.with_user(self.user).action_answer()
        model = self.env(user=self.user)[action["res_model"]]
        form = Form(model.with_context(**action["context"]))
        self.assertEqual(form.message, "Please call us")
        form.answer = f"We called.\n{EVIL}"
        form.save().action_note()
        for record in (case, case.move_id):
            note = record.message_ids.filtered(lambda m: "We called." in m.body)
            self.assertEqual(len(note), 1)
            self.assertIn("Please call us", note.body)
            self.assertIn(self.user.name, note.body)
            self.assertNotIn("<img", note.body)
            self.assertEqual(note.author_id, self.user.partner_id)
            self.assertTrue(note.is_internal)
        self.assertFalse(message.is_unread)
        self.assertFalse(case.activity_ids)

    # --- who ---

    def test_a_salesperson_sees_nothing_and_a_reader_changes_nothing(self):
        case = self.case()
        message = self.tell(case)
        with self.assertRaises(AccessError):
            message.with_user(self.seller).sudo(False).read(["text"])
        with self.assertRaises(AccessError):
            case.activity_ids.with_user(self.seller).sudo(False).read(["note"])
        menus = self.env["ir.ui.menu"].with_user(self.seller)._visible_menu_ids()
        self.assertNotIn(self.env.ref("ropo_connect.menu_ropo_message").id, menus)
        mine = message.with_user(self.accountant).sudo(False)
        self.assertEqual(mine.text, "Please call us")
        for user in (self.seller, self.accountant):
            for act in ("action_mark_read", "action_answer"):
                with self.assertRaises(AccessError):
                    getattr(message.with_user(user).sudo(False), act)()
            with self.assertRaises(AccessError):
                self.env["ropo.answer.wizard"].with_user(user).create(
                    {"event_id": message.id, "answer": "No"}
                )
        with self.assertRaises(AccessError):
            case.activity_ids.with_user(self.accountant).action_feedback()
        self.assertTrue(message.is_unread)

    def test_another_company_sees_and_answers_nothing(self):
        message = self.tell(self.case())
        company = self.env["res.company"].create({"name": "Other Oy"})
        group = "ropo_connect.group_ropo_manager"
        stranger = self.colleague("stranger", group, company)
        theirs = message.with_user(stranger).sudo(False)
        self.assertFalse(theirs.search([("id", "in", message.ids)]))
        for act in ("action_mark_read", "action_answer"):
            with self.assertRaises(AccessError):
                getattr(theirs, act)()
        wizard = self.env["ropo.answer.wizard"].with_user(stranger)
        with self.assertRaises(AccessError):
            wizard.create({"event_id": message.id, "answer": "No"}).action_note()
        with self.assertRaises(AccessError):
            message.activity_id.with_user(stranger).action_feedback()
        self.assertTrue(message.is_unread)

    # --- payment plans ---

    def test_a_broken_plan_shows_and_is_one_task_of_the_responsible(self):
        case = self.case()
        self.move(case, "collection", "payment_plan")
        self.assertEqual(case.stage, "payment_plan")
        self.assertFalse(case.plan_broken_on)
        self.move(case, "collection", "legal")
        self.assertEqual(case.plan_broken_on, self.today)
        self.assertEqual(self.plan_questions(case).user_id, self.user)
        self.assertEqual(len(self.plan_questions(case)), 1)
        case.event_ids.with_user(self.manager).action_interpret()
        self.assertEqual(len(self.plan_questions(case)), 1)

    def test_a_plan_breaks_where_it_comes_to_legal_collection_at_once(self):
        case = self.case()
        self.move(case, "payment_plan", "legal")
        self.assertEqual(case.plan_broken_on, self.today)
        self.assertEqual(len(self.plan_questions(case)), 1)

    def test_a_plan_that_was_kept_is_not_broken(self):
        case = self.case()
        self.move(case, "payment_plan")
        self.pay_there(case.move_id, 125.5)
        self.run_cron("cron_poll_status")
        self.assertFalse(case.open_amount)
        self.assertFalse(case.plan_broken_on)
        self.assertFalse(self.plan_questions(case))

    def test_a_new_plan_takes_back_what_was_said_of_the_old(self):
        case = self.case()
        self.move(case, "payment_plan", "collection", "payment_plan")
        self.assertFalse(case.plan_broken_on)
        self.assertFalse(self.plan_questions(case))

    def test_a_plan_that_was_broken_long_ago_shows_and_asks_nobody(self):
        case = self.case()
        long_ago = fields.Datetime.now() - timedelta(days=31)
        case.stage = "payment_plan"
        case._set_stage("collection", long_ago)
        self.assertEqual(case.plan_broken_on, long_ago.date())
        self.assertFalse(self.plan_questions(case))

    # --- many, and those of before ---

    def test_many_messages_cost_as_many_queries_as_few(self):
        case = self.case()
        self.receive(case, 1)  # what is cached once
        inbox = self.env["ropo.inbox"].sudo()

        def queries(numbers):
            time = str(fields.Datetime.now())
            rows = [self.row(case, n, f"Text {n}", time) for n in numbers]
            inbox._store(self.account, rows, "poll")
            return self.queries(lambda: inbox._interpret_waiting(self.account))

        few, many = queries(range(10, 12)), queries(range(20, 60))
        self.assertEqual(len(case.activity_ids), 43)
        self.assertLessEqual(many, few)

    def test_an_upgrade_asks_nobody_about_what_was_written_before(self):
        case = self.case()
        message = self.receive(case, 1)
        case.activity_ids.unlink()
        self.move(case, "collection")
        self.env.flush_all()
        self.cr.execute("UPDATE ropo_event SET is_message = NULL, is_unread = NULL")
        self.env.invalidate_all()
        path = ROOT / "migrations" / "19.0.1.3.0" / "post-migrate.py"
        load_script(str(path), "ropo_post_3").migrate(self.cr, "19.0.1.2.0")
        self.env.invalidate_all()
        self.assertEqual(self.messages(case), message)
        self.assertFalse(message.is_unread)
        message.with_user(self.manager).action_interpret()
        self.assertFalse(case.activity_ids)


@tagged("post_install", "-at_install")
class TestOverRopoOne(Promises, RopoCommon):
    def write_there(self, invoice, text):
        self.at_ropo(self.case(invoice), "comment", text=text)

    def move_there(self, invoice, stage):
        self.at_ropo(self.case(invoice), "stage", stage=stage)

    def pay_there(self, invoice, amount):
        self.at_ropo(self.case(invoice), "pay", amount=amount)

    def row(self, case, number, text, time, **values):
        return {
            "statusid": f"C{number}",
            "jobid": int(case.jobid),
            "statustype": "comment",
            "statustime": time,
            "statustext": text,
            "statuscode": 98,
            **values,
        }

    def test_a_code_that_nobody_knows_is_a_message(self):
        case = self.case()
        self.receive(case, 1, text="At court", statuscode=4711)
        self.assertEqual(len(case.activity_ids), 1)

    def test_a_confirmation_of_our_own_report_is_no_message(self):
        self.sandbox.post(
            "profiles", cid="700001", apicode="sandbox-apicode", status_rows="full"
        )
        case = self.case()
        self.pay(case.move_id, 20)
        self.report()
        self.run_cron("cron_poll_status")
        self.assertTrue(case.event_ids.filtered(lambda e: "Bypass" in (e.text or "")))
        self.assertFalse(case.activity_ids)

    def test_the_next_step_of_a_plan_shows_its_day(self):
        case = self.case()
        self.at_ropo(
            case,
            "stage",
            stage="payment_plan",
            next_stage="legal",
            next_date="2030-01-31",
        )
        self.run_cron("cron_poll_status")
        self.assertEqual(case.next_stage_date, fields.Date.to_date("2030-01-31"))
        self.assertEqual(case.stage_date.date(), self.today)


@tagged("post_install", "-at_install")
class TestOverMaventa(Promises, MaventaCommon):
    statuses = {"collection": "debt_collection", "legal": "legal_collection"}

    def write_there(self, invoice, text):
        self.at_maventa(invoice, "comment", text=text)

    def move_there(self, invoice, stage):
        status = self.statuses.get(stage, stage)
        self.at_maventa(invoice, "stage", collection_status=status)

    def pay_there(self, invoice, amount):
        self.at_maventa(invoice, "pay", amount=amount)

    def row(self, case, number, text, time, **values):
        event = {
            "id": f"event-{number}",
            "event_type": "comment",
            "origin": "SERVICE",
            "text": text,
            "created_at": time,
        }
        assignment = {
            "invoice_id": self.invoice_there(case.move_id)["id"],
            "invoice_number": case.billnum,
        }
        return {"event": {**event, **values}, "assignment": assignment}

    def test_what_the_own_company_wrote_is_no_task(self):
        case = self.case()
        own = self.receive(case, 1, origin="COMPANY")
        self.assertEqual(own.job_id, case)
        self.assertFalse(own.is_unread)
        self.assertFalse(case.activity_ids)
