import base64
import json
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from .ropo_account_conformance import WITHOUT_DEBTORS

RESULTS = [("held", "Holds"), ("differed", "Differs"), ("untried", "Not Tried")]
CONTINUED_AFTER = timedelta(days=1)  # what Ropo does takes days
GRADES = [("S", "Vendor's Guide"), ("D", "Documentation"), ("A", "Assumption")]


class RopoConformanceRun(models.Model):
    """What one conformance run found; English, since Ropo's support reads it."""

    _name = "ropo.conformance.run"
    _description = "Ropo Conformance Run"
    _order = "started desc, id desc"
    _rec_name = "started"

    account_id = fields.Many2one(
        "ropo.account",
        string="Ropo Account",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="account_id.company_id", store=True)
    environment = fields.Selection(
        lambda self: self._selection_environment(), required=True, readonly=True
    )
    address = fields.Char(readonly=True)
    started = fields.Datetime(string="Run On", required=True, readonly=True)
    continues_id = fields.Many2one(
        "ropo.conformance.run",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="The earlier run whose documents were looked at again.",
    )
    can_continue = fields.Boolean(compute="_compute_can_continue")
    finding_ids = fields.One2many(
        "ropo.conformance.finding", "run_id", string="Assumptions", readonly=True
    )
    held = fields.Integer(
        string="Holds", compute="_compute_counts", store=True, aggregator=None
    )
    differed = fields.Integer(
        string="Differs", compute="_compute_counts", store=True, aggregator=None
    )
    untried = fields.Integer(
        string="Not Tried", compute="_compute_counts", store=True, aggregator=None
    )
    report = fields.Json(readonly=True)
    unknown = fields.Text(
        string="What We Did Not Know Yet",
        compute="_compute_texts",
        help="Fields and codes of real answers that this version does not know.",
    )
    notes = fields.Text(string="Other Observations", compute="_compute_texts")
    proposals = fields.Text(
        string="Proposed Settings",
        compute="_compute_texts",
        help="With these settings the assumptions that differ hold. They are for all "
        "accounts of the channel.",
    )
    applied_on = fields.Datetime(readonly=True)
    applied_by_id = fields.Many2one("res.users", readonly=True)
    file = fields.Binary(compute="_compute_file")

    # --- defaults ---

    @api.model
    def _selection_environment(self):
        known = self.env["ropo.account"]._fields["environment"]
        return [
            (value, label)
            for value, label in known._description_selection(self.env)
            if value in WITHOUT_DEBTORS
        ]

    # --- computes ---

    @api.depends("started", "report", "account_id.environment", "account_id.base_url")
    def _compute_can_continue(self):
        for run in self:
            run.can_continue = not run._why_not_continued()

    @api.depends("finding_ids.result")
    def _compute_counts(self):
        for run in self:
            results = run.finding_ids.mapped("result")
            for name, _label in RESULTS:
                run[name] = results.count(name)

    @api.depends("report")
    def _compute_texts(self):
        for run in self:
            report = run.report or {}
            run.proposals = "\n".join(
                f"{one['setting']} = {one['value']}" for one in run._proposed()
            )
            run.notes = "\n".join(text for _step, text in report.get("notes", []))
            run.unknown = "\n".join(
                f"{kind}: {name} = {value}" if value else f"{kind}: {name}"
                for kind, values in report.get("unknown", {}).items()
                for name, value in values.items()
            )

    @api.depends("report")
    def _compute_file(self):
        for run in self:
            about = {"environment": run.environment, "address": run.address}
            text = json.dumps(about | (run.report or {}), indent=2, ensure_ascii=False)
            run.file = base64.b64encode(text.encode())

    @api.depends("account_id", "started")
    def _compute_display_name(self):
        for run in self:
            day = fields.Datetime.context_timestamp(run, run.started)
            run.display_name = f"{run.account_id.name} {day:%Y-%m-%d %H:%M}"

    # --- actions ---

    def action_apply_proposals(self):
        """Sets what the run proposed, which whoever asks for it agrees to."""
        self.ensure_one()
        self.account_id.check_access("write")
        for proposal in self._proposed():
            self.account_id._apply_setting(proposal["setting"], proposal["value"])
        self.sudo().write(
            {"applied_on": fields.Datetime.now(), "applied_by_id": self.env.uid}
        )

    def action_continue(self):
        """Looks at what became of this run's documents; sends none."""
        self.ensure_one()
        self.account_id._check_may_be_tried()
        if reason := self._why_not_continued():
            raise UserError(reason)
        return self.env["ropo.conformance"]._run(self.account_id, self)._show()

    def action_download(self):
        """The whole run as JSON, for Ropo's support."""
        self.ensure_one()
        name = f"conformance-{self.started:%Y%m%d-%H%M%S}.json"
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/file/{name}?download=true",
            "target": "download",
        }

    # --- helpers ---

    def _show(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
        }

    def _why_not_continued(self):
        """Why no later run can go on with this one's documents; "" if one can."""
        account = self.account_id
        if not account._may_be_tried() or account.base_url != self.address:
            return self.env._(
                "%(account)s has another environment or address now: the documents of "
                "this run are not there.",
                account=account.name,
            )
        if not (self.report or {}).get("sent"):
            return self.env._("This run has sent no documents: run a new one.")
        if self.started > fields.Datetime.now() - CONTINUED_AFTER:
            return self.env._(
                "Ropo needs days for what is to be looked at: continue this run "
                "tomorrow, or later."
            )
        return ""

    def _proposed(self):
        """Each setting's proposal, once."""
        findings = (self.report or {}).get("findings", [])
        proposals = [one for finding in findings for one in finding["proposals"]]
        return list({one["setting"]: one for one in proposals}.values())


class RopoConformanceFinding(models.Model):
    """What became of one assumption."""

    _name = "ropo.conformance.finding"
    _description = "Ropo Conformance Finding"
    _order = "run_id desc, result, id"
    _rec_name = "key"

    run_id = fields.Many2one(
        "ropo.conformance.run",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="run_id.company_id", store=True)
    key = fields.Char(required=True, readonly=True)
    result = fields.Selection(RESULTS, required=True, readonly=True)
    grade = fields.Selection(GRADES, string="Source", required=True, readonly=True)
    assumption = fields.Text(required=True, readonly=True)
    expected = fields.Text(readonly=True)
    got = fields.Text(string="Seen", readonly=True)
    place = fields.Char(string="In the Code", readonly=True)
