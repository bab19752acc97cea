"""The daily summary: what waits for a person, to those who chose to get it."""

from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import html2plaintext, mute_logger

from ..services.questions import SUMMARY
from .common import RopoCommon

ISOLATED = "odoo.addons.ropo_connect.services.transaction"
ODD = 'Mäkinen & <b>Sons</b> "Oy" {{ 7 * 7 }}'


class DigestCommon(RopoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account = cls.account.sudo()
        cls.env.company.name = "Own <Company> & Sons"
        cls.manager.ropo_digest_on = True
        cls.base_url = cls.manager.get_base_url()

    def send_digest(self):
        """The e-mails of one run of the scheduled action."""
        before = self.mails()
        self.run_cron("cron_send_digest")
        return self.mails() - before

    def mails(self):
        mails = self.env["mail.mail"].sudo().search([("subject", "=like", "%Ropo%")])
        return mails.sorted("id")

    def tomorrow(self):
        """A day passes for all readers."""
        self.env["res.users"].search([]).ropo_digest_sent = False

    def rejected(self, amount=50, partner=None):
        """A payment report that Ropo rejected."""
        values = {"partner": partner} if partner else {}
        invoice, _job = self.transferred_case(**values)
        self.pay(invoice, amount)
        self.compare()
        request = self.requests_of(invoice, "payment").sudo()
        request._set_state("rejected", error="Ropo does not know it.")
        self.env.flush_all()
        return request


@tagged("post_install", "-at_install")
class TestDigest(DigestCommon):
    def test_the_whole_mail(self):
        odd = self._create_partner(ODD, is_company=True)
        self.rejected(50, odd)
        self.rejected(25.5)
        self.account.paused_until = "2020-01-01 00:00:00"
        self.account._ask_person("credentials", "Refused", "Look at it.")
        mail = self.send_digest()
        self.assertEqual(mail.subject, "Ropo: 3 items to review")
        self.assertEqual(mail.email_to, self.manager.email_formatted)
        self.assertEqual(mail.state, "outgoing")
        lines = [
            f"Hello {self.manager.name},",
            "This needs your decision:",
            "Own <Company> & Sons",
            "To Review Count Amount",
            f"Accounts That Cannot Connect [1] {self.account.name} 1",
            f"Rejected by Ropo [2] Example Oy, {ODD} 2 75.50 €",
            "You get this at most once a day, and only when something waits. "
            "Turn it off in your preferences [3]",
            f"[1] {self.base_url}/odoo/ropo-review-connection",
            f"[2] {self.base_url}/odoo/ropo-review-rejected",
            f"[3] {self.base_url}/odoo/my-preferences",
        ]
        self.assertEqual(self.words(mail), "\n".join(lines))

    def words(self, mail):
        """The text of the mail, a line for each paragraph and each row of the table."""
        body = str(mail.body_html)
        body = body.replace("<h3", "<p").replace("</h3>", "</p>")
        for end in ("</p>", "</tr>"):
            body = body.replace(end, f"{end}<br/>§")
        text = html2plaintext(body).replace("\xa0", " ")
        head, _break, links = text.rpartition("§")
        rows = [*head.split("§"), *links.splitlines()]
        return "\n".join(filter(None, (" ".join(row.split()) for row in rows)))

    def test_what_others_wrote_is_escaped(self):
        self.rejected(partner=self._create_partner(ODD, is_company=True))
        body = str(self.send_digest().body_html)
        self.assertIn("Mäkinen &amp; &lt;b&gt;Sons&lt;/b&gt;", body)
        self.assertIn("Own &lt;Company&gt; &amp; Sons", body)
        self.assertNotIn("<b>", body)
        self.assertIn("{{ 7 * 7 }}", body)

    def test_it_is_never_empty(self):
        self.transferred_case()
        self.assertFalse(self.send_digest())
        self.assertFalse(self.manager.ropo_digest_sent)
        self.rejected()
        self.assertEqual(len(self.send_digest()), 1, "later on the same day")

    def test_there_is_one_a_day(self):
        self.rejected()
        self.assertEqual(len(self.send_digest()), 1)
        self.assertEqual(self.manager.ropo_digest_sent, self.today)
        self.rejected()
        self.assertFalse(self.send_digest())
        self.tomorrow()
        mail = self.send_digest()
        self.assertEqual(mail.subject, "Ropo: 2 items to review")

    def test_what_is_done_is_no_more_in_it(self):
        request = self.rejected()
        self.assertEqual(self.send_digest().subject, "Ropo: 1 item to review")
        request.with_user(self.manager).action_cancel()
        self.tomorrow()
        self.assertFalse(self.send_digest())

    # --- who gets it ---

    def test_only_managers_who_chose_it_get_it(self):
        self.rejected()
        seller = new_test_user(self.env, "seller", groups="base.group_user")
        silent = new_test_user(
            self.env, "silent", groups="ropo_connect.group_ropo_manager"
        )
        (seller | self.user).ropo_digest_on = True
        self.assertFalse(silent.ropo_digest_on)
        mails = self.send_digest()
        self.assertEqual(mails.mapped("email_to"), [self.manager.email_formatted])

    def test_nobody_gets_what_is_of_other_companies(self):
        self.rejected()
        other = self.env["res.company"].create(
            {"name": "Another Oy", "country_id": self.env.ref("base.fi").id}
        )
        stranger = new_test_user(
            self.env,
            login="stranger",
            groups="ropo_connect.group_ropo_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        stranger.ropo_digest_on = True
        account = self._create_account(other, name="Ropo of the Other").sudo()
        account._ask_person("database", "Moved", "Look at it.")
        both = self.manager
        both.company_ids |= other
        mails = {mail.email_to: self.words(mail) for mail in self.send_digest()}
        theirs = mails[stranger.email_formatted]
        self.assertIn("Another Oy", theirs)
        self.assertNotIn("Own <Company> & Sons", theirs)
        self.assertNotIn("Rejected by Ropo", theirs)
        mine = mails[both.email_formatted]
        self.assertLess(mine.index("Another Oy"), mine.index("Own <Company> & Sons"))
        self.assertIn("Ropo of the Other", mine)
        self.assertIn("Rejected by Ropo", mine)

    def test_each_reads_it_in_the_own_language(self):
        self.env["res.lang"]._activate_lang("fi_FI")
        action = self.env.ref("ropo_connect.action_ropo_question_rejected")
        action.with_context(lang="fi_FI").name = "Ropo hylkäsi"
        self.manager.lang = "fi_FI"
        self.rejected()
        mail = self.send_digest()
        self.assertEqual(mail.subject, "Ropo: 1 tarkistettava asia")
        words = self.words(mail)
        self.assertIn("Ropo hylkäsi [1] Example Oy 1 50,00 €", words)

    # --- one bad reader ---

    def test_one_who_fails_stops_no_other(self):
        self.rejected()
        second = new_test_user(
            self.env,
            login="second",
            groups="ropo_connect.group_ropo_manager",
            company_id=self.env.company.id,
        )
        second.ropo_digest_on = True
        digest = type(self.env["ropo.digest"])
        values = digest._mail_values

        def fail(this, companies):
            if this.env.user == self.manager:
                raise ValueError("odd")
            return values(this, companies)

        with patch.object(digest, "_mail_values", fail), mute_logger(ISOLATED):
            mails = self.send_digest()
        self.assertEqual(mails.mapped("email_to"), [second.email_formatted])
        self.assertFalse(self.manager.ropo_digest_sent, "it is tried again")
        self.assertEqual(len(self.send_digest()), 1)

    def test_its_cost_does_not_grow_with_what_waits(self):
        self.rejected()
        few = self.cost()
        for _more in range(3):
            self.rejected()
        self.assertEqual(self.cost(), few)

    def cost(self):
        """The queries of one summary, what Odoo caches for all being there."""
        for _time in range(2):
            self.tomorrow()
            queries = self.queries(
                lambda: self.env["ropo.digest"].sudo()._send(self.manager)
            )
        return queries

    # --- what its links open ---

    def test_each_link_opens_exactly_what_is_counted(self):
        request = self.rejected()
        self.rejected()._set_state("cancelled")
        self.env.flush_all()
        for key in SUMMARY:
            action = self.env.ref(f"ropo_connect.action_ropo_question_{key}")
            opened = action.with_user(self.manager).run()
            found = self.env[opened["res_model"]].search(opened["domain"])
            with self.subTest(key):
                self.assertEqual(opened["name"], action.name)
                self.assertEqual(found, request if key == "rejected" else found[:0])
                self.assertTrue(action.path)

    def test_each_question_finds_what_waits(self):
        invoice, job = self.transferred_case()
        request = self.rejected()
        event = (
            self.env["ropo.event"]
            .sudo()
            .create(
                {"account_id": self.account.id, "external_id": "1", "job_id": job.id}
            )
        )
        shows = {
            "arrived": (request, {"state": "unknown", "to_review": True}),
            "rejected": (request, {}),
            "duplicate": (request, {"doubt_event_id": event.id}),
            "own_report": (event, {"doubt_request_id": request.id}),
            "collected": (event, {"settlement": "person"}),
            "not_taken_in": (event, {"state": "review"}),
            "mismatch": (job, {"open_amount": 20, "differs_since": "2020-01-01"}),
            "decision": (job, {"decision": "undecided"}),
            "inform_ropo": (job, {"stop_asked": True}),
        }
        for key, (record, values) in shows.items():
            with self.subTest(key), self.cr.savepoint() as savepoint:
                record.write(values)
                self.env.flush_all()
                reader = self.env["ropo.digest"]._as_reader(self.manager)
                found = reader.env["ropo.questions"]._waiting(key)
                self.assertEqual(found.ids, record.ids)
                savepoint.rollback()
                self.env.invalidate_all()
        self.env["ropo.activities"]._schedule(
            job, "plan_broken", "ropo_connect.mail_activity_type_plan_broken"
        )
        self.account._ask_person("database", "Moved", "Look at it.")
        reader = self.env["ropo.digest"]._as_reader(self.manager)
        questions = reader.env["ropo.questions"]
        self.assertEqual(questions._waiting("plan_broken").ids, job.ids)
        self.assertEqual(questions._waiting("connection").ids, self.account.ids)
        self.assertEqual(
            set(SUMMARY) - set(shows), {"plan_broken", "connection", "message"}
        )

    # --- who chooses it ---

    def test_a_manager_chooses_for_oneself_and_for_other_managers(self):
        other = new_test_user(
            self.env, "other", groups="ropo_connect.group_ropo_manager"
        )
        own = self.manager.with_user(self.manager)
        own.write({"ropo_digest_on": False})
        self.assertFalse(self.manager.ropo_digest_on)
        (other | self.user).with_user(self.manager).action_ropo_digest_on()
        self.assertTrue(other.ropo_digest_on)
        self.assertFalse(self.user.ropo_digest_on, "no manager, no summary")
        other.with_user(self.manager).action_ropo_digest_off()
        self.assertFalse(other.ropo_digest_on)
        with self.assertRaises(AccessError):
            other.with_user(self.user).action_ropo_digest_on()
        with self.assertRaises(AccessError):
            self.manager.with_user(other).write({"ropo_digest_on": True})
