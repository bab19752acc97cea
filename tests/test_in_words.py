"""What was requested, reported and comes next, as a person reads it."""

from lxml import etree

from odoo import fields
from odoo.tests import tagged

from .ledger import LedgerCommon

TYPES = {"date": {"date"}, "badge": {"char", "many2one", "selection"}}


@tagged("post_install", "-at_install")
class TestInWords(LedgerCommon):
    def request(self, operation="invoice", state="queued", **values):
        invoice = self.create_invoice(amount=100)
        vals = self.env["ropo.queueing"]._request_vals(invoice, operation)
        request = self.env["ropo.request"]._queue([vals])
        request.write({"state": state, **values})
        return request.with_user(self.user)

    # --- requests ---

    def test_each_request_says_what_for_whom_and_how_much(self):
        texts = {
            "invoice": "Deliver invoice {} over $ 125.50 to Example Oy.",
            "credit_note": "Deliver credit note {} over $ 125.50 to Example Oy.",
            "reminder": "Remind Example Oy to pay $ 125.50 of invoice {}.",
            "collection": "Collect $ 125.50 of invoice {} from Example Oy.",
            "payment": "Deduct a payment of $ 125.50 from the case of Example Oy, "
            "invoice {}.",
            "payment_reversal": "Reverse a payment of $ 125.50 on the case of Example "
            "Oy, invoice {}.",
            "credit_allocation": "Deduct a credit of $ 125.50 from the case of Example "
            "Oy, invoice {}.",
        }
        field = self.env["ropo.request"]._fields["operation"]
        self.assertEqual(set(texts), set(dict(field.selection)))
        money = self.env.company.currency_id
        for operation, text in texts.items():
            request = self.request(operation)
            text = text.replace("$ 125.50", money.format(125.5))
            self.assertEqual(request.summary, text.format(request.move_id.name))

    def test_each_request_says_what_came_of_it_and_what_comes_next(self):
        request = self.request()
        self.assertEqual(request.outcome, "It has not been sent yet.")
        self.assertEqual(
            request.next_step, "It is sent with the next run of the Outbox."
        )
        request = self.request(state="rejected", error="No such street.")
        self.assertEqual(request.outcome, "Ropo rejected it. No such street.")
        self.assertEqual(
            request.next_step,
            "Ropo rejected it. Correct what is wrong, then send it again. No such "
            "street.",
        )
        request = self.request("payment", state="done")
        self.assertEqual(request.outcome, "Ropo accepted it.")
        self.assertEqual(request.next_step, "Nothing: it is done.")
        request = self.request(state="cancelled")
        self.assertEqual(request.outcome, "It was cancelled and not sent.")
        self.assertEqual(request.next_step, "Nothing: it stays unsent.")

    def test_what_was_accepted_names_the_case_and_what_the_invoice_waits_for(self):
        _invoice, case = self.transferred_case()
        request = case.request_ids.with_user(self.user)
        self.assertRegex(
            request.outcome, rf"^Ropo accepted it on .+, as case {case.jobid}\.$"
        )
        self.assertEqual(request.next_step, case.move_id.ropo_next_step)

    def test_what_was_sent_again_since_asks_for_nothing(self):
        request = self.request(state="rejected", error="No such street.")
        self.env.flush_all()
        request.sudo()._again()
        self.env.invalidate_all()
        self.assertEqual(request.next_step, "Nothing: it was sent again since.")

    def test_the_json_is_for_developers_behind_the_summary(self):
        view = self.env["ropo.request"].with_user(self.manager).get_view()
        form = etree.fromstring(view["arch"])
        pages = form.xpath("//page/@string")
        self.assertEqual(pages, ["Summary", "For Developers"])
        for name in ("payload_text", "response_text"):
            (page,) = form.xpath(f"//field[@name='{name}']/ancestor::page/@name")
            self.assertEqual(page, "developers")
        view = self.env["ropo.request"].with_user(self.user).get_view()
        self.assertEqual(
            etree.fromstring(view["arch"]).xpath("//page/@string"), ["Summary"]
        )

    # --- events ---

    def event(self, case, **values):
        vals = {
            "account_id": self.account.id,
            "job_id": case.id,
            "external_id": str(values),
            "kind": "payment",
            "text": "Paid: 20.00",
            "raw": {},
            **values,
        }
        event = self.env["ropo.event"].sudo().create(vals)
        return event.sudo(False).with_user(self.user)

    def test_money_is_told_with_its_currency_and_the_rest_in_ropos_words(self):
        _invoice, case = self.transferred_case()
        money = case.currency_id.format(20)
        texts = {
            f"Payment of {money}": {"amount": 20},
            f"Payment of {money} reversed": {"amount": -20},
            "Paid: 20.00": {"kind": "comment"},
        }
        for text, values in texts.items():
            self.assertEqual(self.event(case, **values).description, text)

    def test_what_stands_in_the_ledger_is_booked_and_not_offered_again(self):
        _invoice, case = self.transferred_case()
        event = self.event(case, amount=20)
        self.assertEqual((event.accounting, event.may_register), ("missing", True))
        event.sudo()._match(123)
        self.assertEqual((event.accounting, event.may_register), ("booked", False))

    def test_the_accounting_status_says_who_brought_the_money(self):
        _invoice, case = self.transferred_case()
        own = self.event(case, amount=20, request_id=case.request_ids.id)
        waiting = self.event(case, amount=21, settlement="waiting")
        person = self.event(case, amount=22, settlement="person")
        again = self.event(case, amount=20, duplicate_of_id=own.id)
        comment = self.event(case, kind="comment")
        self.assertEqual(
            [e.accounting for e in (own, waiting, person, again, comment)],
            ["own", "waiting", "person", False, False],
        )

    def test_money_that_is_booked_no_more_is_not_in_odoo(self):
        _invoice, case = self.transferred_case()
        event = self.event(case, amount=20, settlement="booked", source_partial_id=123)
        self.assertEqual(event.accounting, "booked")
        event.sudo().source_partial_id = False
        self.assertEqual((event.accounting, event.may_register), ("missing", True))

    # --- cases ---

    def test_a_case_has_a_next_step_before_ropo_was_ever_asked(self):
        _invoice, case = self.transferred_case()
        steps = {
            "invoiced": "Payment reminder",
            "reminder": "Debt collection, if unpaid",
            "collection": "Ropo goes on collecting",
            "legal": "Ropo goes on collecting",
            "payment_plan": "Payment by the plan",
            "on_hold": "Resumed by Ropo",
            "paid": "",
            "credited": "",
        }
        for stage, step in steps.items():
            case.stage = stage
            self.assertEqual(case.with_user(self.user).next_step or "", step, stage)
        case.write({"stage": "reminder", "next_stage": "Second reminder"})
        self.assertEqual(case.next_step, "Second reminder")

    def test_a_delivery_that_ropo_does_not_collect_has_none(self):
        invoice = self.create_invoice()
        self.send(invoice)
        self.assertFalse(invoice.ropo_job_ids.is_collected)
        self.assertFalse(invoice.ropo_job_ids.next_step)

    def test_the_next_steps_of_many_cost_as_many_queries_as_those_of_few(self):
        cases = self.env["ropo.job"]
        for _number in range(6):
            cases |= self.transferred_case()[1]
        counts = []
        for some in (cases[:1], cases[:2], cases):
            self.env.flush_all()
            self.env.invalidate_all()
            counts.append(self.queries(lambda s=some: s.mapped("next_step")))
        self.assertEqual(*counts[1:])

    # --- views ---

    def test_no_widget_is_put_on_a_field_of_another_type(self):
        """The web client warns of it in the console, and shows something else."""
        data = self.env["ir.model.data"].search(
            [("module", "=", "ropo_connect"), ("model", "=", "ir.ui.view")]
        )
        checked = 0
        for view in self.env["ir.ui.view"].browse(data.mapped("res_id")):
            if not view.model or view.inherit_id:
                continue
            arch = etree.fromstring(view.arch)
            for field in arch.xpath("//field[@widget='date' or @widget='badge']"):
                model = self.env[view.model]
                for parent in reversed(list(field.iterancestors("field"))):
                    model = self.env[model._fields[parent.get("name")].comodel_name]
                kind = model._fields[field.get("name")].type
                allowed = TYPES[field.get("widget")]
                self.assertIn(kind, allowed, (view.name, field.get("name")))
                checked += 1
        self.assertGreater(checked, 20)

    def test_only_a_difference_that_stays_is_red(self):
        view = self.env.ref("ropo_connect.ropo_receivable_report_view_list")
        arch = etree.fromstring(view.arch)
        self.assertEqual(arch.get("decoration-danger"), "is_late")
        self.assertEqual(arch.get("decoration-info"), "differs and not is_late")
        invoice = self.transferred()
        case = invoice.ropo_job_ids.sudo()
        case.open_amount = 120
        self.env.flush_all()
        report = self.env["ropo.receivable.report"]
        row = report.search([("move_id", "=", invoice.id)])
        self.assertEqual((row.differs, row.is_late), (True, False))
        days = self.account.difference_days
        case.differs_since = fields.Date.subtract(fields.Date.today(), days=days)
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual((row.differs, row.is_late), (True, True))

    def test_interest_that_is_not_set_is_shown_as_agreed_and_not_as_none(self):
        for model, names in (
            ("ropo.account", ("interest_b2b", "interest_b2c")),
            ("ropo.transfer.wizard", ("claim_interest",)),
        ):
            form = etree.fromstring(self.env[model].get_view()["arch"])
            for name in names:
                (field,) = form.xpath(f"//field[@name='{name}']")
                self.assertEqual(field.get("widget"), "ropo_optional_float")
                self.assertEqual(field.get("placeholder"), "As agreed with Ropo")

    def test_an_empty_list_fits_a_search_that_finds_nothing_too(self):
        for name, heading in (
            ("action_ropo_job", "No case found"),
            ("action_ropo_request", "No request found"),
            ("action_ropo_event", "No status update found"),
            ("action_ropo_message", "No message found"),
            ("action_ropo_to_send", "No invoice to send found"),
            ("action_ropo_to_transfer", "No overdue invoice found"),
            ("action_ropo_sent", "No invoice at Ropo found"),
        ):
            action = self.env.ref(f"ropo_connect.{name}")
            self.assertEqual(etree.HTML(action.help).xpath("//p[1]/text()"), [heading])
