"""One customer number at Ropo is one debtor."""

from odoo.tests import tagged

from .common import RopoCommon


@tagged("post_install", "-at_install")
class TestCustomerNumber(RopoCommon):
    # --- helpers ---

    def customer(self, name="Second Oy", **values):
        return self._create_partner(name, is_company=True, **values)

    def verdict(self, invoice, operation="reminder"):
        self.env.flush_all()
        return self.verdicts(invoice, operation, notice_date=self.reminded_on)[invoice]

    def assertShared(self, invoice, *others):
        for operation in ("invoice", "reminder", "collection"):
            verdict = self.verdict(invoice, operation)
            self.assertEqual(verdict.code, "customer_number", operation)
            self.assertEqual(verdict.record, invoice.commercial_partner_id)
            for other in others:
                self.assertIn(other.name, verdict.text)

    def assertAlone(self, invoice):
        self.assertEqual(self.verdict(invoice).code, False)

    # --- numbers ---

    def test_an_id_and_an_equal_reference_are_two_debtors(self):
        other = self.customer(ref=str(self.business.id))
        invoices = self.create_invoice(days_overdue=20) | self.create_invoice(
            other, days_overdue=20
        )
        for invoice in invoices:
            self.assertAlone(invoice)
        self.transfer(invoices)
        self.assertEqual(
            invoices.ropo_request_ids.sorted("id").mapped(
                lambda r: r.payload["custnum"]
            ),
            [f"ODOO-{self.business.id}", str(self.business.id)],
        )
        self.assertEqual(
            invoices.ropo_job_ids.sorted("id").mapped("debtor_reference"),
            [f"ODOO-{self.business.id}", str(self.business.id)],
        )

    def test_a_reference_in_the_form_of_an_id_is_not_used(self):
        other = self.customer(ref=f"ODOO-{self.business.id}")
        self.assertEqual(other._ropo_reference(), f"ODOO-{other.id}")
        self.assertEqual(self.business._ropo_reference(), f"ODOO-{self.business.id}")

    # --- verdicts ---

    def test_customers_who_share_a_reference_are_not_sent(self):
        self.business.ref = "C1"
        other = self.customer(ref="C1")
        invoice = self.create_invoice(days_overdue=20)
        self.assertShared(invoice, other)
        self.assertShared(self.create_invoice(other, days_overdue=20), self.business)
        other.ref = "C2"
        self.assertAlone(invoice)

    def test_contacts_of_one_customer_share_its_reference(self):
        self.business.ref = "C1"
        contact = self.env["res.partner"].create(
            {"name": "Somebody", "parent_id": self.business.id, "ref": "C1"}
        )
        self.assertAlone(self.create_invoice(days_overdue=20))
        self.assertEqual(contact.commercial_partner_id, self.business)

    def test_a_customer_of_another_company_is_another_debtor(self):
        other_company = self.setup_other_company(name="Other Oy")["company"]
        self.business.ref = "C1"
        other = self.customer(ref="C1", company_id=other_company.id)
        invoice = self.create_invoice(days_overdue=20)
        self.assertAlone(invoice)
        other.company_id = self.env.company
        self.assertShared(invoice, other)
        other.company_id = False
        self.assertShared(invoice, other)

    def test_a_customer_of_a_branch_is_the_same_debtor(self):
        branch = self.env["res.company"].create(
            {"name": "Branch Oy", "parent_id": self.env.company.id}
        )
        self.business.ref = "C1"
        other = self.customer(ref="C1", company_id=branch.id)
        self.assertShared(self.create_invoice(days_overdue=20), other)

    def test_a_number_under_which_ropo_has_somebody_else_is_shared(self):
        """Cases keep the number that was sent, whatever the reference is now."""
        self.consumer.ref = "20"
        theirs = self.transferred(partner=self.consumer)
        self.consumer.ref = False
        self.assertEqual(theirs.sudo().ropo_job_ids.debtor_reference, "20")
        self.business.ref = "20"
        mine = self.create_invoice(days_overdue=20)
        self.assertShared(mine, self.consumer)
        theirs.sudo().ropo_job_ids.stage = "paid"
        self.assertAlone(mine)
        # One's own cases do not speak against one.
        self.transfer(mine)
        self.assertAlone(self.create_invoice(days_overdue=20))

    def test_a_credit_note_is_never_kept_from_a_debtor(self):
        invoice = self.create_invoice()
        self.send(invoice)
        self.business.ref = "C1"
        self.customer(ref="C1")
        note = invoice._reverse_moves(
            [{"invoice_date": self.today, "date": self.today}]
        )
        note.action_post()
        self.assertEqual(self.verdict(note, "credit_note").code, False)

    def test_who_comes_to_share_it_while_it_waits_is_not_sent(self):
        self.business.ref = "C1"
        invoice = self.create_invoice(days_overdue=20)
        self._wizard("ropo.transfer.wizard", invoice).action_transfer()
        other = self.customer(ref="C1")
        self.work_off()
        self.assertEqual(self.sandbox.jobs(), [])
        self.assertEqual(invoice.ropo_state, "rejected")
        self.assertIn(other.name, invoice.ropo_problem)

    def test_the_number_of_queries_does_not_depend_on_that_of_invoices(self):
        def invoices(count):
            moves = self.create_invoices(count)
            for number, move in enumerate(moves):
                move.partner_id.ref = f"{count}-{number // 2}"
            return moves

        few, many = invoices(2), invoices(12)
        counts = [
            self.queries(lambda moves=moves: self.verdicts(moves, "reminder"))
            for moves in (few, few, many)
        ]
        self.assertEqual(counts[1], counts[2])
        codes = {v.code for v in self.verdicts(many, "reminder").values()}
        self.assertEqual(codes, {"customer_number"})
