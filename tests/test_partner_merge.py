"""Merged contacts keep their cases, and each protection that one of them had."""

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import RopoCommon
from .maventa import MaventaCommon

INFORM_ROPO = "ropo_connect.mail_activity_type_inform_ropo"


class Promises:
    """The promises, whatever the channel."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.twin = cls._create_partner("Example Ab", is_company=True)
        cls.seller = new_test_user(
            cls.env,
            login=f"seller {cls.account.channel}",
            groups="base.group_user,base.group_partner_manager",
            company_id=cls.env.company.id,
        )

    # --- helpers ---

    def merge(self, gone, survivor, user=None):
        self.env.flush_all()
        wizard = self.env["base.partner.merge.automatic.wizard"]
        wizard = wizard.with_user(user or self.env.user).create(
            {
                "dst_partner_id": survivor.id,
                "partner_ids": [(6, 0, (gone | survivor).ids)],
                "state": "selection",
            }
        )
        wizard.action_merge()
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertFalse(gone.exists())

    def stored(self, table, column, record):
        self.cr.execute(f"SELECT {column} FROM {table} WHERE id = %s", [record.id])
        return self.cr.fetchone()[0]

    def assertBelongs(self, invoice, partner):
        case = self.case(invoice)
        stored = self.stored("ropo_job", "partner_id", case)
        self.assertEqual(stored, partner.id)
        stored = self.stored("account_move", "commercial_partner_id", invoice)
        self.assertEqual(stored, partner.id)
        self.assertEqual(case.partner_id, partner)
        self.assertEqual(case.request_ids.partner_id, partner)
        for event in case.event_ids:
            self.assertEqual(event.move_id.commercial_partner_id, partner)

    # --- cases ---

    def test_cases_go_to_the_contact_that_stays(self):
        invoice, own = self.transferred(), self.transferred(partner=self.twin)
        numbers = [self.case(each).debtor_reference for each in (invoice, own)]
        self.assertNotEqual(*numbers)
        self.comment_there(invoice, "Before")
        self.run_cron("cron_poll_status")
        self.merge(self.business, self.twin)
        for each in (invoice, own):
            self.assertBelongs(each, self.twin)
        self.assertEqual(
            [self.case(each).debtor_reference for each in (invoice, own)],
            numbers,
            "sent under these numbers",
        )

    def test_payments_are_reported_and_events_taken_in_after_the_merge(self):
        invoice = self.transferred()
        self.merge(self.business, self.twin)
        self.pay(invoice, 25.5)
        self.report()
        self.assertEqual(self.requests_of(invoice, "payment").state, "done")
        self.assertEqual(self.open_there(invoice), 100)
        known = self.case(invoice).event_ids
        self.comment_there(invoice, "After")
        self.run_cron("cron_poll_status")
        fresh = self.case(invoice).event_ids - known
        self.assertIn("After", fresh.mapped("text"))

    def test_cases_of_one_who_becomes_a_contact_go_to_the_contacts_company(self):
        contact = self._create_partner("Contact", parent_id=self.twin.id)
        invoice = self.transferred()
        self.merge(self.business, contact)
        self.assertEqual(invoice.partner_id, contact)
        self.assertBelongs(invoice, contact.commercial_partner_id)

    def test_cases_of_a_contacts_invoices_go_along(self):
        contact = self._create_partner("Contact", parent_id=self.business.id)
        invoice = self.transferred(partner=contact)
        self.assertBelongs(invoice, self.business)
        self.merge(self.business, self.twin)
        self.assertEqual(contact.parent_id, self.twin)
        self.assertBelongs(invoice, self.twin)

    def test_a_request_that_waits_goes_under_the_contact_that_stays(self):
        invoice = self.ready()
        self._wizard(
            "ropo.transfer.wizard", invoice, notice_date=self.reminded_on
        ).action_transfer()
        self.merge(self.business, self.twin)
        self.work_off()
        self.assertEqual(self.requests_of(invoice, "reminder").state, "done")
        self.assertBelongs(invoice, self.twin)

    # --- protections ---

    def test_nobody_loses_a_protection_whoever_merges(self):
        for user in (self.env.user, self.manager, self.seller):
            for protected in ("gone", "survivor"):
                with self.subTest(user=user.login, protected=protected):
                    gone, survivor = (
                        self._create_partner("Twin Oy", is_company=True)
                        for _number in range(2)
                    )
                    one = gone if protected == "gone" else survivor
                    one.ropo_no_collection = True
                    one.ropo_no_electronic_reminder = True
                    self.account.exempt_partner_ids |= one
                    user.group_ids |= self.env.ref("base.group_partner_manager")
                    self.merge(gone, survivor, user)
                    self.assertTrue(survivor.ropo_no_collection)
                    self.assertTrue(survivor.ropo_no_electronic_reminder)
                    self.assertIn(survivor, self.account.exempt_partner_ids)

    def test_a_person_is_asked_when_the_survivor_is_not_to_be_collected(self):
        for field in (True, False):
            for user in (self.manager, self.seller):
                user.group_ids |= self.env.ref("base.group_partner_manager")
                with self.subTest(field=field, user=user.login):
                    debtor, protected = (
                        self._create_partner("Twin Oy", is_company=True)
                        for _number in range(2)
                    )
                    invoice = self.transferred(partner=debtor)
                    if field:
                        protected.ropo_no_collection = True
                    else:
                        self.account.exempt_partner_ids |= protected
                    self.merge(debtor, protected, user)
                    self.assertTrue(invoice.activity_search([INFORM_ROPO]))
                    self.assertTrue(self.case(invoice).stop_asked)

    def test_what_the_survivor_has_is_kept_and_what_it_lacks_is_taken_over(self):
        self.business.write(
            {"ropo_personal_id": "010190-002R", "ropo_second_email": "a@example.com"}
        )
        self.twin.write({"ropo_personal_id": "131052-308T", "ropo_language": "sv"})
        self.merge(self.business, self.twin, self.seller)
        self.assertEqual(self.twin.ropo_personal_id, "131052-308T")
        self.assertEqual(self.twin.ropo_language, "sv")
        self.assertEqual(self.twin.ropo_second_email, "a@example.com")
        with self.assertRaises(AccessError):
            self.twin.with_user(self.seller).read(["ropo_personal_id"])


@tagged("post_install", "-at_install")
class TestPartnerMergeAtRopoOne(Promises, RopoCommon):
    def ready(self):
        return self.create_invoice(days_overdue=20)

    def comment_there(self, invoice, text):
        self.at_ropo(self.case(invoice), "comment", text=text)

    def open_there(self, invoice):
        return self.sandbox.job(billnum=invoice.name, jobtype=1)["capital"]


@tagged("post_install", "-at_install")
class TestPartnerMergeAtMaventa(Promises, MaventaCommon):
    def ready(self):
        return self.delivered()

    def comment_there(self, invoice, text):
        self.at_maventa(invoice, "comment", text=text)

    def open_there(self, invoice):
        return self.assignment_of(invoice)["capital"]
