from odoo import api, models

REPORTS = ("payment", "payment_reversal", "credit_allocation", "credit_note")


class ReportCaseHistory(models.AbstractModel):
    """The printed history of cases: what Ropo did to collect, what was paid, and what
    was written off. Evidence for who has to believe that nothing could be collected."""

    _name = "report.ropo_connect.report_case_history"
    _description = "Case History"

    @api.model
    def _get_report_values(self, docids, data=None):
        jobs = self.env["ropo.job"].browse(docids)
        return {
            "doc_ids": docids,
            "doc_model": "ropo.job",
            "docs": jobs,
            "histories": [self._history(job) for job in jobs],
        }

    def _history(self, job):
        """In the language of the company, whose books it is for."""
        lang = job.company_id.partner_id.lang
        job = job.with_context(lang=lang)
        events = job.event_ids.filtered(lambda event: not event.duplicate_of_id)
        events = events.sorted(lambda event: (event._happened_at(), event.id))
        requests = job.request_ids.filtered(lambda request: request.state == "done")
        requests = requests.sorted(lambda request: (request.done_at, request.id))
        return {
            "job": job,
            "lang": lang,
            "company": job.company_id,
            "claim": requests.filtered("collects")[:1],
            "stages": self._stages(job, events),
            "events": [(event, self._text(job, event.text)) for event in events],
            "reports": requests.filtered(lambda r: r.operation in REPORTS),
            "losses": self._losses(job),
        }

    def _stages(self, job, events):
        """When it came into which stage: `[(time, stage)]`, the first one included."""
        labels = dict(job._fields["stage"]._description_selection(job.env))
        found = [(job.create_date, job.kind if job.kind in labels else "invoiced")]
        found += [
            (event._happened_at(), event.stage) for event in events if event.stage
        ]
        found.append((job.stage_date, job.stage))
        stages = []
        for time, stage in found:
            if time and (not stages or stages[-1][1] != labels[stage]):
                stages.append((time, labels[stage]))
        return stages

    def _losses(self, job):
        """What was written off, in its currency: `[(entry, amount, has relief)]`."""
        return [
            (
                entry,
                sum(job.bad_debts[str(partial.id)] for partial in partials),
                bool(entry.line_ids.filtered("tax_repartition_line_id")),
            )
            for entry, partials in job._bad_debt_partials()
            .grouped(lambda partial: partial.credit_move_id.move_id)
            .items()
        ]

    def _text(self, job, text):
        """What Ropo wrote, without the numbers that only managers see."""
        debtors = self.env["ropo.retention"].sudo()._debtors(job.sudo())
        for number in filter(None, debtors.mapped("ropo_personal_id")):
            text = (text or "").replace(number, "…")
        return text
