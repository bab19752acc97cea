from datetime import timedelta

from odoo import api, models

from ..channels.errors import Meaning

# How far Ropo's day of a payment may be from the ledger's.
SAME_MONEY_DAYS = timedelta(days=7)
# What is farther apart, or differs by up to this part of the amount on the same day,
# may be the same money: a person decides.
SIMILAR_MONEY_DAYS = timedelta(days=31)
SIMILAR_MONEY_PART = 0.02
SAME_DAY = timedelta(days=1)  # Ropo's clock is not ours


class RopoReportedMoney(models.AbstractModel):
    """Which money of the ledger is what Ropo collected and reported itself."""

    _name = "ropo.reported.money"
    _description = "Money That Ropo Reported"

    @api.model
    def _without_ropos_money(self, rows):
        """`rows` without what is known to be the money that Ropo reported itself.

        Equal money on nearby days may be the same, or paid once to us and once to
        Ropo: such a row bears the event as its `doubt`, and a person decides.
        """
        jobs = {row["job_id"] for row in rows if row["has_money"]}
        if not jobs:
            return rows
        reported = self._reported_money(jobs)
        # What is known to be Ropo's stands for its event, and for no other money.
        known = [row for row in rows if row["is_ropos"]]
        answered = self._answered_by_person(jobs)
        for row in [*self._known_by_answer(jobs), *known]:
            self._find_reported(row, reported)
        rest = []
        for row in rows:
            event = answered.get((row["job_id"], row["entry_id"]))
            if event and _is_near(event, row) and not event.source_partial_id:
                event._match(row["partial_id"])
            elif not row["is_ropos"]:
                row["doubt"] = self._doubt_of(row, reported)
                rest.append(row)
        return rest

    def _reported_money(self, job_ids):
        """What Ropo reported and is not found in the ledger: `{case id: events}`."""
        events = self.env["ropo.event"].search(
            [("job_id", "in", list(job_ids)), ("is_missing", "=", True)]
        )
        return events.grouped(lambda event: event.job_id.id)

    def _answered_by_person(self, job_ids):
        """Of which entries a person decided that they are Ropo's money, and which:
        `{(case id, entry id): event}`. Reconciled anew, nobody is asked again."""
        requests = self.env["ropo.request"].search(
            [
                ("job_id", "in", list(job_ids)),
                ("doubt_event_id", "!=", False),
                ("state", "=", "cancelled"),
                ("void", "=", False),
            ]
        )
        return {
            (request.job_id.id, request.counterpart_id.id): request.doubt_event_id
            for request in requests
        }

    def _known_by_answer(self, job_ids):
        """What Ropo answered to be its own money, as rows."""
        requests = self.env["ropo.request"].search(
            [
                ("job_id", "in", list(job_ids)),
                ("operation", "=", "payment"),
                ("answer_meaning", "=", Meaning.OWN_MONEY),
                ("void", "=", False),
            ]
        )
        found = set(requests.job_id.event_ids.mapped("source_partial_id"))
        return [
            {
                "job_id": request.job_id.id,
                "partial_id": request.source_partial_id,
                "amount": request.amount,
                "date": request.date,
            }
            for request in requests
            if request.source_partial_id not in found
        ]

    def _find_reported(self, row, reported):
        """Notes by which event Ropo reported the money of this row, if it did."""
        found = self._near_events(row, reported).filtered(
            lambda event: _is_same(event, row) and _days(event, row) <= SAME_MONEY_DAYS
        )
        if found:
            found[0]._match(row["partial_id"])

    def _doubt_of(self, row, reported):
        """What Ropo reported and may be the money of this row."""
        if row["operation"] != "payment":
            return self.env["ropo.event"]  # a credit note is no money
        events = self._near_events(row, reported)
        return events.filtered(lambda event: _is_near(event, row))[:1]

    def _near_events(self, row, reported):
        events = reported.get(row["job_id"], self.env["ropo.event"]).filtered(
            lambda event: not event.source_partial_id
        )
        return events.sorted(lambda event: (_days(event, row), event.id))

    def _ask_about(self, requests):
        doubtful = requests.filtered("doubt_event_id")
        for account, own in doubtful.grouped("account_id").items():
            account._ask_person(
                "duplicate",
                self.env._("Is this a duplicate payment?"),
                self.env._(
                    "Of some payments it is not sure whether Ropo has the money "
                    "itself: they wait for you under “To Review” under Ropo → "
                    "Outbox. The first: %(payment)s.",
                    payment=own[0].display_name,
                ),
            )


def _days(event, row):
    return abs(event._paid_on() - row["date"])


def _is_same(event, row):
    return not event.currency_id.compare_amounts(event.amount, float(row["amount"]))


def _is_near(event, row):
    """Whether it may be the same money."""
    amount = float(row["amount"])
    if _is_same(event, row):
        return _days(event, row) <= SIMILAR_MONEY_DAYS
    little = abs(event.amount - amount) <= abs(amount) * SIMILAR_MONEY_PART
    return little and _days(event, row) <= SAME_DAY
