"""The wizard that sends many: what may go, what is to be fixed, what became of it."""

from lxml import etree

from odoo.tests import tagged

from ..services.verdict import Verdict
from .common import RopoCommon


@tagged("post_install", "-at_install")
class TestSendWizard(RopoCommon):
    def open(self, *moves):
        """The wizard as the button of the list opens it."""
        moves = self.env["account.move"].union(*moves).with_user(self.user)
        action = moves.action_ropo_send()
        self.assertEqual(action["target"], "new")
        self.env.invalidate_all()
        return moves.env[action["res_model"]].browse(action["res_id"])

    def homeless(self):
        return self._create_partner("Nowhere Oy", is_company=True, city=False)

    # --- before ---

    def test_what_is_ready_and_what_is_to_be_fixed_stand_apart(self):
        good, bad = self.create_invoice(), self.create_invoice(self.homeless())
        wizard = self.open(good, bad)
        self.assertEqual(wizard.ready_line_ids.move_id, good)
        self.assertEqual(wizard.blocked_line_ids.move_id, bad)
        self.assertEqual(wizard.line_ids.move_id, good | bad)

    def test_what_was_fixed_is_ready_when_it_is_looked_at_again(self):
        partner = self.homeless()
        wizard = self.open(self.create_invoice(), self.create_invoice(partner))
        self.assertEqual(wizard.blocked_line_ids.fix_record, partner)
        partner.city = "Helsinki"
        action = wizard.action_check()
        self.assertEqual((action["res_id"], action["target"]), (wizard.id, "new"))
        self.env.invalidate_all()
        self.assertFalse(wizard.blocked_line_ids)
        self.assertEqual(wizard.ready_count, 2)

    def test_looking_again_keeps_the_chosen_files(self):
        self.account.send_attachments = True
        invoice = self.create_invoice()
        files = self.env["ir.attachment"].create(
            [
                {
                    "name": f"{number}.pdf",
                    "raw": b"%%PDF-1.4 %d" % number,
                    "res_model": invoice._name,
                    "res_id": invoice.id,
                }
                for number in range(2)
            ]
        )
        wizard = self.open(invoice)
        self.assertEqual(wizard.line_ids.attachment_ids, files)
        wizard.line_ids.attachment_ids = files[0]
        wizard.action_check()
        self.assertEqual(wizard.line_ids.attachment_ids, files[0])
        self.assertEqual(wizard.line_ids.available_ids, files)

    def test_an_account_without_a_number_is_what_to_fix_in_embed(self):
        self.account.service_model = "embed"
        invoice = self.create_invoice()
        ledger = invoice.invoice_line_ids.account_id
        ledger.code = "SALES"
        self.assertEqual(self.open(invoice).blocked_line_ids.fix_record, ledger)

    def test_each_line_says_how_its_invoice_will_be_delivered(self):
        self.business.write({"ropo_sendtype": "email", "email": "a@example.com"})
        by_mail, agreed = self.create_invoice(), self.create_invoice(self.consumer)
        homeless = self.homeless()
        homeless.ropo_sendtype = "post"
        to_fix, at_ropo = self.create_invoice(homeless), self.create_invoice()
        self.send(at_ropo)
        wizard = self.open(by_mail, agreed, to_fix, at_ropo)
        self.assertEqual(
            {line.move_id: line.delivery for line in wizard.line_ids},
            {
                by_mail: "E-mail",
                agreed: "As agreed with Ropo",
                to_fix: "Letter",
                at_ropo: False,
            },
        )

    def test_what_nobody_can_fix_stands_in_a_list_of_its_own_by_its_code(self):
        at_ropo, bad = self.create_invoice(), self.create_invoice(self.homeless())
        self.send(at_ropo)
        wizard = self.open(at_ropo, bad)
        self.assertEqual(wizard.final_line_ids.move_id, at_ropo)
        self.assertEqual(wizard.blocked_line_ids.move_id, bad)
        for code, is_final in (("sent", True), ("paid", True), ("state", False)):
            self.assertEqual(Verdict(code, "Any text").is_final, is_final, code)

    # --- on a telephone ---

    def test_on_a_telephone_each_list_is_cards_to_which_nothing_is_added(self):
        lists = {
            "ropo.send.wizard": {
                "blocked_line_ids",
                "ready_line_ids",
                "final_line_ids",
                "line_ids",
                "request_ids",
            },
            "ropo.transfer.wizard": {"line_ids", "customer_ids"},
        }
        for model, names in lists.items():
            view = self.env[model].get_view(view_type="form", mobile=True)
            cards = etree.fromstring(view["arch"]).xpath("//field/kanban")
            self.assertEqual({card.getparent().get("name") for card in cards}, names)
            for card in cards:
                self.assertEqual((card.get("create"), card.get("can_open")), ("0", "0"))
                shown = card.xpath(".//t[@t-name='card']//field/@name")
                self.assertIn("partner_id", shown)

    # --- after ---

    def test_it_stays_and_shows_what_becomes_of_each(self):
        self.business.write({"ropo_sendtype": "email", "email": "nowhere"})
        refused = self.create_invoice()
        good = self.create_invoices(3)
        bad = self.create_invoice(self.homeless())
        wizard = self.open(refused, good, bad)
        action = wizard.action_send()
        self.assertEqual((action["res_id"], action["target"]), (wizard.id, "new"))
        self.assertEqual(self.counts(wizard), (4, 0, 0, 0))
        self.run_cron("cron_process_requests")
        self.assertEqual(self.counts(wizard), (0, 3, 1, 100))
        states = {r.move_id: (r.state, r.error) for r in wizard.request_ids}
        self.assertEqual(states[good[0]], ("done", False))
        self.assertEqual(states[refused], ("rejected", "email: not an address"))
        self.assertNotIn(bad, states)
        action = wizard.action_open_requests()
        self.assertEqual(action["domain"], [("id", "in", wizard.request_ids.ids)])

    def counts(self, wizard):
        names = ("waiting_count", "done_count", "problem_count", "progress")
        return tuple(wizard[name] for name in names)

    def test_a_single_one_is_answered_at_once_and_the_wizard_closes(self):
        action = self.open(self.create_invoice()).action_send()
        self.assertEqual(action["type"], "ir.actions.act_window_close")

    # --- credit notes ---

    def test_a_credit_note_that_credits_nothing_says_so_before_and_after(self):
        note = self.create_invoice(move_type="out_refund")
        wizard = self.open(note)
        self.assertTrue(wizard.has_notes)
        self.assertFalse(wizard.line_ids.reason, "it is information, no refusal")
        self.assertIn("Ropo gets it unallocated", wizard.line_ids.note)
        wizard.action_send()
        self.work_off()
        self.assertEqual(note.ropo_state, "sent")
        self.assertIn("Ropo gets it unallocated", note.message_ids[0].body)

    def test_a_credit_note_of_an_invoice_has_nothing_to_say(self):
        invoice = self.create_invoice()
        reversed_ = invoice._reverse_moves([{"invoice_date": self.today}])
        reversed_.action_post()
        reconciled = self.create_invoice(move_type="out_refund", amount=10)
        lines = (self.create_invoice() | reconciled).line_ids
        lines.filtered(lambda x: x.account_type == "asset_receivable").reconcile()
        notes = reversed_ | reconciled
        wizard = self.open(notes, self.create_invoice())
        self.assertFalse(wizard.has_notes)
        wizard.action_send()
        self.work_off()
        for note in notes:
            bodies = "".join(note.message_ids.mapped("body"))
            self.assertNotIn("unallocated", bodies)

    # --- cost ---

    def test_opening_takes_as_many_queries_for_many_as_for_few(self):
        self.account.send_attachments = True
        counts = []
        for count in (2, 5, 20):  # the first fills the caches of the registry
            moves = self.create_invoices(count)
            create = self.env["ropo.send.wizard"].create
            counts.append(
                self.queries(lambda m=moves, c=create: c({"move_ids": m.ids}))
            )
        self.assertEqual(*counts[1:])
