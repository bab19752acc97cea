"""The main job, step by step: from the invoice to the money.

Each step does what a person or the scheduler does, by the same dialogs and crons, and
then shows what came of it.
"""

import secrets
from collections import Counter

from odoo import SUPERUSER_ID, fields

from . import books, comparison, screen, specials, web
from .debts import Debts

COLLECT_AFTER = 30  # days overdue; what is younger is reminded of first
PDFS_AT_ONCE = 6


class Story(Debts):
    def __init__(self, env, sandbox):
        self.admin = env(user=env.ref("base.user_admin"))
        self.env = None  # the accountant's, as soon as there is one
        self.account = None
        self.sandbox = sandbox
        self.steps = 0

    # --- the steps ---

    def open_books(self):
        self._step("A Finnish company and its customers")
        taxes = books.open_company(self.admin)
        books.open_settlement_journal(self.admin)
        customers = books.write_customers(self.admin)
        books.write_products(self.admin, taxes)
        self.env = self.admin(user=books.create_user(self.admin))
        self._commit()
        screen.table(
            ["Customer", "Ropo Delivery", "City"],
            [
                (
                    partner.name,
                    _label(partner, "ropo_sendtype") or "as agreed with Ropo",
                    partner.city or "MISSING",
                )
                for partner in customers
            ],
            colour_of=lambda row: "yellow" if row[-1] == "MISSING" else None,
        )

    def connect(self):
        self._step("The account at Ropo: “Test Connection”")
        self.account = books.open_ropo_account(self.admin, self.sandbox)
        self._commit()
        answer = self.account.action_test_connection()
        self._commit()
        screen.show(answer["params"]["message"], "green")

    def try_out(self):
        self._step("“Run Conformance Check”, and the settings that it proposes")
        action = self.account.action_run_conformance()
        run = self.admin[action["res_model"]].browse(action["res_id"])
        screen.show(f"{run.held} hold, {run.differed} differ, {run.untried} not tried")
        if run.proposals:
            screen.show(run.proposals)
        run.action_apply_proposals()
        self.sandbox.forget()
        if self.account.service_state == "active":
            self.sandbox.sign_agreement()
        self._commit()

    def activate(self):
        if not self.account.has_activation:
            return  # the agreement with Ropo is made elsewhere
        self._step("“Activate”: the agreement with Ropo is asked for, and signed")
        self._show_service()
        action = self.account.action_activate_service()
        wizard = self.admin[action["res_model"]].with_context(**action["context"])
        wizard.create({"email": books.SIGNATORY}).action_activate()
        self._commit()
        self._show_service()
        self.sandbox.sign_agreement()
        self._run_cron("cron_follow_activation")
        self._show_service()

    def write_invoices(self):
        self._step("Invoices, posted by Odoo; the older ones are overdue")
        self.invoices = self.env["account.move"]
        for invoice in screen.progress(books.INVOICES, "Posting"):
            self.invoices |= books.write_invoice(self.env, *invoice)
        self._commit()
        screen.table(
            ["Number", "Customer", "Due", "Taxes", "Net", "Tax", "Total"],
            [
                (
                    invoice.name,
                    invoice.partner_id.name,
                    invoice.invoice_date_due,
                    books.rates(invoice),
                    invoice.amount_untaxed,
                    invoice.amount_tax,
                    invoice.amount_total,
                )
                for invoice in self.invoices
            ],
        )

    def send(self):
        self._step("“Send via Ropo” for all of them at once")
        wizard = self._wizard("ropo.send.wizard", self.invoices)
        self._show_reasons(wizard)
        wizard.action_send()
        self._work_off()
        self._show_states(self.invoices)

    def fix_and_send(self):
        self._step("The missing city is entered, and that invoice is sent alone")
        invoice = self._invoice(books.WITHOUT_CITY)
        invoice.partner_id.city = "Helsinki"
        self._wizard("ropo.send.wizard", invoice).action_send()
        self._commit()  # a single one goes with it, without the scheduler
        self._show_cases(invoice.ropo_job_ids)

    def send_specials(self):
        self._step("Less plain invoices, and what was sent of each")
        self.account.send_attachments = True
        customers = {p.name: p for p in self.invoices.with_env(self.admin).partner_id}
        written = specials.write(self.admin, self.account, customers, self._can)
        self.specials = self.env["account.move"].browse(move.id for move in written)
        wizard = self._wizard("ropo.send.wizard", self.specials)
        self._show_reasons(wizard)
        wizard.action_send()
        self._work_off()
        for move, text_of in written.items():
            sent = self.sandbox.sent(move.ropo_job_ids.jobid)
            screen.show(f"{move.name} shows {text_of(sent)}.", "green")

    def transfer(self):
        self._step("“Transfer to Ropo”: the oldest, for collection")
        today = fields.Date.today()
        oldest = self.invoices.filtered(
            lambda move: (today - move.invoice_date_due).days > COLLECT_AFTER
        )
        wizard = self._wizard(
            "ropo.transfer.wizard",
            oldest,
            kind="collection",
            notice_date=fields.Date.subtract(today, days=14),
        )
        self._show_reasons(wizard)
        wizard.action_transfer()
        self._work_off()
        self._show_cases(self._collected(oldest))

    def transfer_by_schedule(self):
        self._step("“Scheduled Transfers”, and the run: others to reminder")
        self.account.auto_transfer = "reminder"
        action = self.account.with_env(self.env).action_preview_transfer()
        lines = self.env[action["res_model"]].search(action["domain"])
        for line in lines:
            screen.show(
                f"{line.move_id.name}  {line.partner_id.name}: "
                f"{_label(line, 'status')}. {line.text or ''}".strip(),
                "green" if line.status == "goes" else "yellow",
            )
        self._run_cron("cron_transfer_overdue")
        self._work_off()
        self._show_cases(self._collected(lines.move_id))

    def book_money(self):
        self._step("Two payments and a credit note in Odoo; the crons report them")
        paid = self._invoice("Example 5 Oy", 22)
        part_paid = self._invoice("Example 1 Oy", 38)
        credited = self._invoice("Example 1 Oy", 15)
        books.pay(paid)
        books.book_bank_line(part_paid, 1000.00)
        self.credit_note = books.credit(credited, "Device rental, day", 2)
        self._wizard("ropo.send.wizard", self.credit_note).action_send()
        self._commit()
        self._report_to_ropo()
        moves = paid | part_paid | credited
        self._show_reported(moves | self.credit_note)
        self._show_cases(self._collected(moves))

    def receive_from_ropo(self):
        self._step("Two debtors pay to Ropo: Odoo fetches it, and books Ropo's payout")
        cases = self._collected(
            self._invoice("Example 2 Oy", 36) | self._invoice("Example 3 Oy", 33)
        )
        received = {cases[0]: cases[0].open_amount, cases[1]: 100.00}
        for case, amount in received.items():
            self.sandbox.pay(case.jobid, amount)
        self._run_cron("cron_poll_status")
        self._show_events(cases)
        self.sandbox.payout()
        for case, amount in received.items():
            books.book_bank_line(case.move_id, amount, books.SETTLEMENT)
        self._commit()
        before = self._count("ropo.request")
        self._report_to_ropo()
        reported = self._count("ropo.request") - before
        screen.show(f"Reported to Ropo of its own money: {reported or 'nothing'}.")
        self._show_cases(cases)

    def follow(self):
        self._step("Ropo takes a case further; “Update Status” on the case shows it")
        case = self._collected(self._invoice("Example 4 Oy", 29))
        self.sandbox.collect(case.jobid, "The reminder was not paid")
        self._run_cron("cron_poll_status")
        case.action_refresh()
        self._commit()
        self._show_events(case)
        self._show_cases(case)

    def receive_and_register(self):
        self._step(
            "The webhook: a debtor pays to Ropo, Odoo registers it automatically"
        )
        case = self._collected(self._invoice("Example 4 Oy", 29))
        books.register_by_itself(self.account)
        self._commit()
        self.sandbox.pay(case.jobid, 50.00)
        if self._can(self.account.has_webhook, "has no webhook: a cron fetches it"):
            self._push()
        else:
            self._run_cron("cron_poll_status")
        payment = case.event_ids.payment_ids
        screen.show(
            f"Registered: {payment.name}, {screen.money(payment.amount)} in "
            f"{payment.journal_id.name}; open of {case.billnum}: "
            f"{screen.money(case.move_id.amount_residual)}."
        )
        if self._can(case.has_debtor_page, "has no page where the debtor pays"):
            case.move_id.action_ropo_get_debtor_link()
            screen.show(f"The payment page: {case.debtor_url}. History:")
        self._show_events(case)

    def fetch_pdfs(self):
        self._step("“Download Documents”: every document that Ropo delivered")
        if not self._can(self.account.can_fetch_documents, "has none to download"):
            return
        moves = self.invoices | self.credit_note
        batches = [
            moves[at : at + PDFS_AT_ONCE] for at in range(0, len(moves), PDFS_AT_ONCE)
        ]
        for batch in screen.progress(batches, f"Fetching, {PDFS_AT_ONCE} at a time"):
            wizard = self._wizard("ropo.pdf.wizard", batch)
            wizard.action_fetch()
            self._show_reasons(wizard)
        self._commit()
        self._show_pdfs(moves)

    def poll_again(self):
        self._step("Once more: nothing new to fetch, nothing left to report")
        before = self._count("ropo.event"), self._count("ropo.request")
        self._run_cron("cron_poll_status")
        self._report_to_ropo()
        after = self._count("ropo.event"), self._count("ropo.request")
        rows = zip(["Inbox", "Outbox"], before, after, strict=True)
        screen.table(["", "Before", "Now"], [map(str, row) for row in rows])
        self._show_unfinished()

    def compare(self):
        """Whether both sides hold the same, to the cent."""
        self._step("Odoo's ledger beside what Ropo holds")
        moves = self.invoices | self.specials | self.credit_note
        rows = comparison.compare(moves, self.sandbox.held())
        comparison.show(rows)
        agreeing = sum(row.agrees for row in rows)
        twice = self.sandbox.sent_twice()
        good = agreeing == len(rows) and not twice
        screen.show(
            f"{agreeing} of {len(rows)} agree to the cent; sent twice: {twice}.",
            "green" if good else "red",
        )
        return self._figures_agree() and good

    # --- what the steps are made of ---

    def _step(self, title):
        self.steps += 1
        screen.heading(self.steps, title)

    def _can(self, possible, otherwise):
        """Whether the account's channel can do it; if not, a sentence says so."""
        if not possible:
            channel = _label(self.account, "channel")
            screen.show(f"{channel} {otherwise}.", "yellow")
        return possible

    def _wizard(self, model, moves, **values):
        """A dialog, opened on a selection of invoices by whose they are here."""
        context = {"active_model": "account.move", "active_ids": moves.ids}
        return moves.env[model].with_context(**context).create(values)

    def _run_cron(self, name):
        """Runs a cron as the scheduler does, in a transaction of its own."""
        self._commit()
        cron = self.admin.ref(f"ropo_connect.{name}")
        result = cron.with_user(SUPERUSER_ID).method_direct_trigger()
        if result is not True:
            raise RuntimeError(f"{name} failed: {result['params']['data']['message']}")
        self._commit()

    def _work_off(self):
        """Sends what waits. What was only taken is settled by the next updates."""
        self._run_cron("cron_process_requests")
        if self.env["ropo.job"].search_count([("progress", "=", "pending")]):
            self._run_cron("cron_poll_status")

    def _report_to_ropo(self):
        self._run_cron("cron_post_payments")
        self._run_cron("cron_post_credit_notes")
        self._work_off()

    def _push(self):
        """Ropo brings what is new to the webhook."""
        login = {"user": "ropo", "password": secrets.token_urlsafe()}
        self.account.write({f"webhook_{name}": login[name] for name in login})
        self._commit()
        before = self._count("ropo.event")
        with web.served() as url:
            path = f"/ropo/webhook/{self.account.webhook_key}"
            answer = self.sandbox.push(url + path, **login)
        self._run_cron("cron_interpret_events")
        new = self._count("ropo.event") - before
        screen.show(
            f"The webhook took {answer['delivered']} messages, "
            f"{answer['failed']} failed; "
            f"new was {new}, the others had been asked for before."
        )

    def _commit(self):
        """Lets others see what was done here, and sees what they did."""
        self.admin.cr.commit()
        self.admin.invalidate_all()

    def _invoice(self, customer, days_overdue=None):
        index = next(
            index
            for index, (name, days, _basket) in enumerate(books.INVOICES)
            if name == customer and days_overdue in (days, None)
        )
        return self.invoices[index]

    def _collected(self, moves):
        return moves.ropo_job_ids.filtered("is_collected").sorted("id")

    def _count(self, model):
        return self.env[model].search_count([])

    # --- what is shown ---

    def _show_reasons(self, wizard):
        """Which of the selection stay behind, and why; the others go on."""
        blocked = wizard.line_ids.filtered("reason")
        for line in blocked:
            screen.show(f"{line.move_id.name} stays behind: {line.reason}", "yellow")

    def _show_states(self, moves):
        counts = Counter(_label(move, "ropo_state") for move in moves)
        screen.table(
            ["State in Odoo", "Invoices"],
            [(state or "Not sent", str(count)) for state, count in counts.items()],
        )
        calls = self.sandbox.calls_to_send()
        screen.show(f"Calls of {self.sandbox.sending} that it took: {calls}")

    def _show_service(self):
        """Whether Ropo collects for the company, and whom it asked to sign."""
        asked = self.account.service_email
        screen.show(
            f"Receivables service: {_label(self.account, 'service_state')}"
            + (f", agreement sent to {asked}" if asked else "")
        )

    def _show_cases(self, cases):
        screen.table(
            ["Case", "Invoice", "Customer", "Kind", "Stage", "Transferred", "Open"],
            [
                (
                    screen.case(case.jobid),
                    case.billnum,
                    case.partner_id.name,
                    _label(case, "kind"),
                    _label(case, "stage"),
                    case.amount,
                    case.open_amount,
                )
                for case in cases.sorted("id")
            ],
        )

    def _show_reported(self, moves):
        screen.table(
            ["Outbox", "Invoice", "By", "Amount", "State"],
            [
                (
                    _label(request, "operation"),
                    request.move_id.name,
                    request.counterpart_id.name,
                    request.amount,
                    f"{_label(request, 'state')}  {request.error or ''}".strip(),
                )
                for request in moves.ropo_request_ids.sorted("id")
                if request.source_partial_id or request.operation == "credit_note"
            ],
        )

    def _show_events(self, cases):
        screen.table(
            ["Inbox", "Invoice", "Code", "Text", "Amount"],
            [
                (
                    event.event_time,
                    event.job_id.billnum,
                    event.code,
                    event.text,
                    event.amount,
                )
                for event in cases.event_ids.sorted("id")
            ],
        )

    def _show_pdfs(self, moves):
        cases = moves.ropo_job_ids
        pdfs = {
            pdf: _label(case, "kind")
            for case in cases.sorted("id")
            for pdf in case.document_id | case.letter_ids
        }
        screen.table(
            ["Kind", "PDFs", "Bytes", "Such as"],
            [
                (
                    kind,
                    str(len(some)),
                    str(sum(p.file_size for p in some)),
                    some[0].name,
                )
                for kind in dict.fromkeys(pdfs.values())
                if (some := [pdf for pdf in pdfs if pdfs[pdf] == kind])
            ],
        )

    def _show_unfinished(self):
        unfinished = self.env["ropo.request"].search([("state", "!=", "done")])
        for request in unfinished:
            screen.show(
                f"{request.display_name}: {request.state} {request.error or ''}", "red"
            )


def _label(record, name):
    """A selection's value in words."""
    labels = dict(record._fields[name]._description_selection(record.env))
    return labels.get(record[name], "")
