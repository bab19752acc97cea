from collections import defaultdict, namedtuple
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_date

from ..channels import identifiers
from .res_partner import ELECTRONIC_ADDRESS
from .ropo_request import ASSIGNMENTS, CHASES, LIVE

STATES = [
    ("queued", "On its way"),
    ("sent", "Sent"),
    ("reminder", "In reminder"),
    ("collection", "In collection"),
    ("closed", "Closed"),
    ("rejected", "Refused by Ropo"),
    ("unknown", "Needs a look"),
]

# May this invoice be told to Ropo? `code` is False when it may; `text` says why not,
# and what to do about it; `record` is what to open to mend it.
Verdict = namedtuple("Verdict", ["code", "text", "record"], defaults=[False, "", None])


class AccountMove(models.Model):
    _inherit = "account.move"

    # False ──send──▶ queued ──▶ sent ──transfer──▶ reminder ──▶ collection ──▶ closed
    #                   │                 └────────────────────────▲
    #                   ├──▶ rejected (mend it, send again)
    #                   └──▶ unknown  (Ropo may have it: a person looks)
    ropo_state = fields.Selection(
        STATES,
        string="Ropo",
        compute="_compute_ropo_state",
        store=True,
        index="btree_not_null",
        copy=False,
    )
    ropo_account_id = fields.Many2one(
        "ropo.account",
        compute="_compute_ropo_account_id",
        compute_sudo=True,
    )
    ropo_job_ids = fields.One2many("ropo.job", "move_id", string="Cases at Ropo")
    ropo_request_ids = fields.One2many("ropo.request", "move_id", string="Told to Ropo")
    ropo_notice_date = fields.Date(
        string="Own Reminder Sent On",
        copy=False,
        help="When we ourselves reminded the customer. In Finland a debt can only be "
        "collected after that.",
    )
    ropo_hold = fields.Boolean(
        string="Never Chase",
        copy=False,
        tracking=True,
        help="This invoice is not handed over for reminder or collection.",
    )
    ropo_job_count = fields.Integer(compute="_compute_ropo_counts")
    ropo_request_count = fields.Integer(compute="_compute_ropo_counts")
    ropo_problem = fields.Text(
        compute="_compute_ropo_problem",
        compute_sudo=True,
        help="What a person has to look at, in one sentence.",
    )
    ropo_may_send = fields.Boolean(compute="_compute_ropo_may", compute_sudo=True)
    ropo_may_transfer = fields.Boolean(compute="_compute_ropo_may", compute_sudo=True)

    # --- computes ---

    @api.depends(
        "ropo_request_ids.state", "ropo_request_ids.void", "ropo_job_ids.stage"
    )
    def _compute_ropo_state(self):
        for move in self:
            move.ropo_state = move.sudo()._ropo_current_state()

    def _ropo_current_state(self):
        """The state that requests and jobs add up to."""
        requests = self.ropo_request_ids
        if not requests and not self.ropo_job_ids:
            return False
        if "unknown" in requests.mapped("state"):
            return "unknown"
        assignments = requests.filtered(lambda r: r.operation in ASSIGNMENTS)
        if any(request.state in ("queued", "sending") for request in assignments):
            return "queued"
        jobs = self.ropo_job_ids.sorted("id")
        if jobs:
            return jobs._state_of_move()
        last = assignments.sorted("id")[-1:]
        return "rejected" if last.state == "rejected" else False

    @api.depends("journal_id.ropo_account_id.active", "company_id")
    def _compute_ropo_account_id(self):
        companies = self.company_id
        defaults = self.env["ropo.account"]._defaults_of(companies)
        for move in self:
            own = move.journal_id.ropo_account_id
            move.ropo_account_id = (
                own if own.active else defaults.get(move.company_id.id)
            )

    def _compute_ropo_counts(self):
        for name, model in (
            ("ropo_job_count", "ropo.job"),
            ("ropo_request_count", "ropo.request"),
        ):
            groups = self.env[model]._read_group(
                [("move_id", "in", self.ids)], ["move_id"], ["__count"]
            )
            counts = dict(groups)
            for move in self:
                move[name] = counts.get(move, 0)

    @api.depends("ropo_request_ids.state", "ropo_request_ids.error")
    def _compute_ropo_problem(self):
        for move in self:
            problems = move.ropo_request_ids._still_open_problems()
            move.ropo_problem = problems[:1].error

    @api.depends("state", "amount_residual", "invoice_date_due", "ropo_request_ids")
    def _compute_ropo_may(self):
        """Which buttons make sense; whatever else is missing, the wizards say."""
        held = self._ropo_held_operations(queued=True)
        today = fields.Date.context_today(self)
        for move in self:
            account, known = move.ropo_account_id, held[move._origin.id]
            is_customers = move.move_type in ("out_invoice", "out_refund")
            may = move.state == "posted" and is_customers and bool(account)
            move.ropo_may_send = may and not known
            move.ropo_may_transfer = (
                may
                and move.move_type == "out_invoice"
                and not known & set(CHASES)
                and not (known and account._holds_ledger())
                and (move.invoice_date_due or today) < today
                and move.currency_id.compare_amounts(move.amount_residual, 0) > 0
            )

    # --- CRUD and guards ---

    def unlink(self):
        # What was never said goes with the invoice; the rest stops the deletion.
        requests = self.sudo().ropo_request_ids
        requests.filtered(lambda r: r.state in ("rejected", "cancelled")).unlink()
        return super().unlink()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_held_by_ropo(self):
        held = self.sudo().filtered(lambda move: move._ropo_is_held())
        if held:
            raise UserError(self._ropo_held_text(held))

    def _check_draftable(self):
        # EXTENDS 'account'
        result = super()._check_draftable()
        held = self.sudo().filtered(lambda move: move._ropo_is_held())
        if held:
            raise UserError(self._ropo_held_text(held))
        return result

    def _ropo_is_held(self):
        """Whether Ropo has it, may have it, or is about to get it."""
        return bool(self.ropo_job_ids) or any(
            request.state in LIVE and not request.void
            for request in self.ropo_request_ids
        )

    def _ropo_held_text(self, held):
        return self.env._(
            "%(invoices)s: Ropo has it, and what Ropo has can't be changed, only "
            "credited. Make a credit note instead. (What is still waiting to be sent "
            "can be cancelled under “Told to Ropo”.)",
            invoices=", ".join(held.mapped("display_name")),
        )

    # --- actions ---

    def action_ropo_send(self):
        """Opens the send wizard for these invoices."""
        return self._ropo_wizard("ropo.send.wizard", self.env._("Send by Ropo"))

    def action_ropo_transfer(self):
        """Opens the wizard that hands these invoices over."""
        return self._ropo_wizard(
            "ropo.transfer.wizard", self.env._("Hand Over to Ropo")
        )

    def action_ropo_fetch_pdf(self):
        """Attaches the document that Ropo delivered; many go through a wizard."""
        if len(self) != 1:
            return self._ropo_wizard("ropo.pdf.wizard", self.env._("Fetch PDFs"))
        wizard = self.env["ropo.pdf.wizard"].create({"move_ids": [(6, 0, self.ids)]})
        return wizard.action_fetch()

    def action_ropo_preview(self):
        """The PDF that Ropo would deliver, without sending anything."""
        self.ensure_one()
        self._ropo_check_verdicts()
        attachment = self._ropo_preview()
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{attachment.id}",
            "target": "new",
        }

    def action_ropo_local_print(self):
        """Posts these at Ropo for ourselves to deliver; Ropo's PDFs are attached."""
        if not self.env.user.has_group("ropo_connect.group_ropo_user"):
            raise AccessError(self.env._("Only a Ropo user may send by Ropo."))
        self.check_access("write")
        self._ropo_check_verdicts()
        requests = self._ropo_queue_sending(local_print=True)
        return self.env["ropo.wizard.mixin"]._show(requests)

    def action_ropo_open_jobs(self):
        return self._ropo_open("ropo_connect.action_ropo_job")

    def action_ropo_open_requests(self):
        return self._ropo_open("ropo_connect.action_ropo_request")

    def _ropo_open(self, xml_id):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(xml_id)
        action["domain"] = [("move_id", "=", self.id)]
        action["context"] = {"default_move_id": self.id}
        return action

    def _ropo_wizard(self, model, name):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "form",
            "target": "new",
            "context": {
                "active_model": self._name,
                "active_ids": self.ids,
                "dialog_size": "extra-large",
            },
        }

    # --- business: what may be told ---

    def _ropo_verdicts(self, operation, notice_date=None, account=None):
        """Whether each of these may be told to Ropo now: `{move: Verdict}`.

        Wizards, buttons and the worker all ask here. The number of queries does not
        depend on the number of invoices.

        :param operation: `invoice`, `credit_note`, `reminder` or `collection`
        :param notice_date: the date of one's own reminder, when asked for just now
        :param account: the account whose worker asks; what is on its way there does
            then not speak against the invoice
        """
        self.env["ropo.document"]._prefetch(self)
        held = self._ropo_held_operations(queued=not account)
        chase = operation in CHASES
        verdicts = {}
        for move in self:
            verdict = move._ropo_document_verdict()
            if not verdict.code:
                verdict = move._ropo_address_verdict(chase)
            if not verdict.code and chase:
                verdict = move._ropo_chase_verdict(operation, held[move.id])
                if not verdict.code and operation == "collection":
                    verdict = move._ropo_notice_verdict(notice_date)
            elif not verdict.code:
                verdict = move._ropo_send_verdict(held[move.id])
            verdicts[move] = verdict
        return verdicts

    def _ropo_check_verdicts(self):
        """Raises what speaks against sending these now."""
        faults = [
            self.env._(
                "%(invoice)s: %(reason)s",
                invoice=move.display_name,
                reason=verdict.text,
            )
            for move, verdict in self._ropo_verdicts("invoice").items()
            if verdict.code
        ]
        if faults:
            raise UserError("\n".join(faults[:10]))

    def _ropo_held_operations(self, queued):
        """What Ropo has or may get of each: `{move id: {operation, ...}}`."""
        states = LIVE if queued else ("unknown", "done")
        rows = (
            self.env["ropo.request"]
            .sudo()
            ._read_group(
                [
                    ("move_id", "in", self.ids),
                    ("operation", "in", ASSIGNMENTS),
                    ("state", "in", states),
                    ("void", "=", False),
                ],
                ["move_id"],
                ["operation:array_agg"],
            )
        )
        held = defaultdict(set)
        held.update({move.id: set(operations) for move, operations in rows})
        return held

    def _ropo_document_verdict(self):
        """What any document needs, whatever is to be done with it."""
        if self.move_type not in ("out_invoice", "out_refund"):
            text = self.env._("This is no customer invoice. Only those go to Ropo.")
            return Verdict("type", text, self)
        if self.state != "posted":
            text = self.env._("It is not posted. Confirm it first.")
            return Verdict("state", text, self)
        if not self.ropo_account_id:
            text = self.env._(
                "%(company)s has no Ropo account. Set one up under Ropo → "
                "Configuration, or choose one on the journal.",
                company=self.company_id.display_name,
            )
            return Verdict("account", text, self.company_id)
        if self.currency_id.is_zero(self.amount_total):
            text = self.env._("Its total is zero: there is nothing to ask for.")
            return Verdict("zero", text, self)
        return Verdict()

    def _ropo_address_verdict(self, reminder):
        partner = self.partner_id
        labels = {
            "street": self.env._("street"),
            "zip": self.env._("postcode"),
            "city": self.env._("city"),
        }
        missing = [label for name, label in labels.items() if not partner[name]]
        if not self.commercial_partner_id.name:
            missing.insert(0, self.env._("name"))
        if missing:
            text = self.env._(
                "%(partner)s has no %(missing)s. Complete the address.",
                partner=partner.display_name or self.env._("The customer"),
                missing=", ".join(missing),
            )
            return Verdict("address", text, partner)
        return self._ropo_identity_verdict() or self._ropo_delivery_verdict(reminder)

    def _ropo_identity_verdict(self):
        """What is wrong with the business id, by which Ropo knows a company."""
        owner = self.commercial_partner_id
        number = owner.is_company and owner.company_registry
        country = owner.country_id.code
        if not number or identifiers.is_business_id(country, number):
            return None
        text = self.env._(
            "“%(number)s” is no business id of %(country)s. Correct the company id of "
            "%(partner)s.",
            number=number,
            country=owner.country_id.name,
            partner=owner.display_name,
        )
        return Verdict("business_id", text, owner)

    def _ropo_delivery_verdict(self, reminder):
        """Whether the way of delivery has what it needs to find the customer."""
        owner = self.commercial_partner_id
        delivery = self.partner_id._ropo_delivery(self.ropo_account_id, reminder)
        if delivery.method == "email" and not (self.partner_id.email or owner.email):
            text = self.env._(
                "%(partner)s is to get it by e-mail and has no address. Enter one, or "
                "choose another delivery.",
                partner=owner.display_name,
            )
            return Verdict("email", text, owner)
        incomplete = not delivery.address or not delivery.operator
        if delivery.method in ELECTRONIC_ADDRESS and incomplete:
            text = self.env._(
                "%(partner)s is to get an e-invoice and has no e-invoice address or "
                "operator. Enter both, or choose another delivery.",
                partner=owner.display_name,
            )
            return Verdict("evoice", text, owner)
        if delivery.method == "peppol" and not delivery.address:
            text = self.env._(
                "%(partner)s is to get it by Peppol and has no Peppol id. Enter it as "
                "the e-invoice address, or choose another delivery.",
                partner=owner.display_name,
            )
            return Verdict("evoice", text, owner)
        return self._ropo_electronic_verdict(delivery)

    def _ropo_electronic_verdict(self, delivery):
        """Whether e-invoice address and operator have the form that they must have."""
        owner = self.commercial_partner_id
        wrong = delivery.faults()
        if not wrong:
            return Verdict()
        text = self.env._(
            "“%(wrong)s” can't be where %(partner)s receives e-invoices: an OVT code "
            "is 0037 and the business id, an IBAN has its check digits, a Peppol id a "
            "scheme such as 0216: before it. Correct the address or the operator.",
            wrong=wrong[0],
            partner=owner.display_name,
        )
        return Verdict("evoice", text, owner)

    def _ropo_embed_verdict(self):
        """Embed: Ropo keeps the ledger, by numbers of accounts."""
        document = self.env["ropo.document"]
        for line in self.line_ids.filtered("account_id"):
            ledger = line.account_id
            if line.display_type != "payment_term" and not document._account_number(
                ledger, self.company_id
            ):
                text = self.env._(
                    "Ropo keeps the ledger (Embed) and needs numbers: the account "
                    "%(account)s has none as its code.",
                    account=ledger.display_name,
                )
                return Verdict("ledger", text, ledger)
        return Verdict()

    def _ropo_send_verdict(self, held):
        if held:
            text = self.env._("Ropo has it already, or it is on its way.")
            return Verdict("sent", text, self)
        if not any(line.display_type == "product" for line in self.line_ids):
            text = self.env._("It has no rows. Add what was sold.")
            return Verdict("rows", text, self)
        if self.ropo_account_id.service_model == "embed":
            return self._ropo_embed_verdict()
        return Verdict()

    def _ropo_chase_verdict(self, operation, held):
        """Whether what is open of it may be handed over."""
        account = self.ropo_account_id
        if self.move_type != "out_invoice":
            text = self.env._("It is a credit note: nobody owes it.")
            return Verdict("type", text, self)
        if held & set(CHASES):
            text = self.env._(
                "Ropo chases it already. From reminder to collection Ropo goes by "
                "itself."
            )
            return Verdict("chased", text, self)
        if held and account._holds_ledger():
            text = self.env._(
                "Ropo invoiced it (Unify or Embed), and chases it by itself."
            )
            return Verdict("chased", text, self)
        if self.currency_id.compare_amounts(self.amount_residual, 0) <= 0:
            text = self.env._("Nothing of it is open.")
            return Verdict("paid", text, self)
        return self._ropo_policy_verdict(account)

    def _ropo_policy_verdict(self, account):
        """Whether the account's own rules allow to chase it today."""
        if self.ropo_hold:
            text = self.env._("It is held: “Never Chase” is set on it.")
            return Verdict("hold", text, self)
        if self.commercial_partner_id.ropo_no_collection:
            text = self.env._(
                "%(partner)s is never reminded nor collected.",
                partner=self.commercial_partner_id.display_name,
            )
            return Verdict("exempt", text, self.commercial_partner_id)
        if self.payment_state == "blocked":
            text = self.env._("Its payment is blocked: settle the dispute first.")
            return Verdict("disputed", text, self)
        if abs(self.amount_residual_signed) < account.min_amount:
            text = self.env._("Less is open of it than the account's smallest claim.")
            return Verdict("small", text, self)
        due = self._ropo_chase_date(account)
        if due > fields.Date.context_today(self):
            text = self.env._(
                "Not overdue long enough: it may go from %(date)s.",
                date=format_date(self.env, due),
            )
            return Verdict("early", text, self)
        if not self.payment_reference:
            text = self.env._(
                "It has no payment reference, by which Ropo knows the money."
            )
            return Verdict("reference", text, self)
        return Verdict()

    def _ropo_chase_date(self, account):
        """The first day on which it may be handed over."""
        is_company = self.commercial_partner_id.is_company
        days = account.min_days_b2b if is_company else account.min_days_b2c
        return (self.invoice_date_due or self.invoice_date) + timedelta(days=days)

    def _ropo_notice_verdict(self, notice_date):
        """Finland: one's own reminder comes before collection (guide: Connect)."""
        date = notice_date or self.ropo_notice_date
        if not date and self.ropo_account_id.country == "fi":
            text = self.env._(
                "In Finland a debt is only collected after one's own reminder. Enter "
                "the date on which you sent it."
            )
            return Verdict("notice", text, self)
        if date and date > fields.Date.context_today(self):
            text = self.env._("The date of your own reminder lies ahead.")
            return Verdict("notice", text, self)
        return Verdict()

    def _ropo_send_operation(self):
        return "credit_note" if self.move_type == "out_refund" else "invoice"

    # --- business: queueing ---

    def _ropo_queue_sending(self, **values):
        """Queues these to be sent, and returns the requests. Whether each may go, and
        who asks may send, is for the caller to have asked."""
        return self.env["ropo.request"]._queue(
            [
                {**move._ropo_request_vals(move._ropo_send_operation()), **values}
                for move in self
            ]
        )

    def _ropo_request_vals(self, operation):
        return {
            "account_id": self.ropo_account_id.id,
            "company_id": self.company_id.id,
            "move_id": self.id,
            "operation": operation,
            "amount": self.amount_total,
            "currency_id": self.currency_id.id,
        }

    # --- business: documents from Ropo ---

    def _ropo_preview(self):
        self.ensure_one()
        account = self.ropo_account_id
        Request = self.env["ropo.request"]
        payload = Request._invoice_payload(self, account, own_reference=self.id)
        content = account._call_now(lambda client: client.preview(payload))
        return self.env["ir.attachment"].create(
            {
                "name": self.env._("Preview %(number)s.pdf", number=self.name),
                "raw": content,
                "mimetype": "application/pdf",
                "res_model": self._name,
                "res_id": self.id,
            }
        )
