from odoo import models


class RopoMatching(models.AbstractModel):
    """Whether an event is new: no repetition of another, no report of our own."""

    _name = "ropo.matching"
    _description = "Ropo: Matching of Events"

    def _recognise_repeats(self, events):
        """The same may come by poll and by webhook, under the same id, or a payment
        under different ones, and so may what Ropo writes.

        Each repeats one of the other way, so that two equal payments stay two.
        """
        events = events.job_id.event_ids
        for same in events.grouped(lambda event: event._identity()).values():
            self._pair_repeats(same)
        payments = events.filtered(lambda event: event._is_payment() and event.amount)
        for same in payments.grouped(lambda event: event._happening()).values():
            self._pair_repeats(same)
        messages = events.filtered("is_message")
        for same in messages.grouped(lambda event: event._words()).values():
            self._merge_messages(same)

    def _merge_messages(self, events):
        """The same words of one day are one message, however often they come."""
        first, *others = events.sorted(
            lambda e: (bool(e.duplicate_of_id), e.state != "done", e.id)
        )
        for event in others:
            if not event.duplicate_of_id:
                event.duplicate_of_id = first

    def _pair_repeats(self, events):
        repeated = events.job_id.event_ids.duplicate_of_id
        alone = []  # what nothing repeats yet, what has counted before what is new
        for event in events.sorted(lambda e: (e.state != "done", e.id)):
            if event.duplicate_of_id or event in repeated:
                continue
            first = next((e for e in alone if e.source != event.source), None)
            # What has counted stays what it was.
            if first and not event.counted:
                event.duplicate_of_id = first
                alone.remove(first)
            else:
                alone.append(event)

    def _recognise_echoes(self, events):
        """Ropo may report a payment back that we reported ourselves.

        Each such event stands for one report, even for one of which we don't know yet
        that it arrived; else it would pass for money that came through Ropo. What has
        counted as Ropo's money stays that, however often it is interpreted.
        """
        for event in events.filtered(
            lambda e: (
                e._is_money()
                and not e.origin
                and not (e.request_id or e.doubt_request_id)
                and not (e.counted or e.is_other_money)
            )
        ):
            self._recognise_echo(event)

    def _recognise_reports(self, events):
        """Where the channel says that the company itself reported something, it stands
        for a report of the same amount and day, if there is one: even for one of which
        we don't know yet that it arrived."""
        for event in events.filtered(lambda e: e.origin == "own" and e.amount):
            if event.request_id or event.duplicate_of_id:
                continue
            event.request_id = self._equal_reports(event).filtered(
                lambda request, event=event: request.date == event._paid_on()
            )[:1]

    def _recognise_echo(self, event):
        """By amount, day and the mark of our report. Where only one of the last two
        agrees, a person decides; the event does not count until then."""
        reports = self._equal_reports(event)
        marked = reports.filtered(lambda request: event._bears(request._mark()))
        same_day = reports.filtered(lambda request: request.date == event._paid_on())
        event.request_id = (marked & same_day)[:1]
        if not event.request_id:
            event.doubt_request_id = (marked or same_day)[:1]
            self._ask_whether_own_report(event)

    def _equal_reports(self, event):
        """Our reports of the case over this amount that may have arrived, and for which
        no other event stands."""
        events = event.job_id.event_ids
        spoken_for = events.request_id | events.doubt_request_id
        equal = event.job_id.request_ids.filtered(
            lambda request: (
                request.state in ("sending", "unknown", "done")
                and not request._is_assignment()
                and not event.currency_id.compare_amounts(
                    request._signed_amount(), event.amount
                )
            )
        )
        return (equal - spoken_for).sorted("id")

    def _ask_whether_own_report(self, event):
        if event.doubt_request_id:
            event.account_id._ask_person(
                "own_report",
                self.env._("Own report, or a different payment?"),
                self.env._(
                    "Ropo lists payments that may be the ones that you reported "
                    "yourselves, or different payments of the same amount. Until you "
                    "decide they do not count. See “Possible Own Report” under Ropo "
                    "→ Inbox. The first: %(case)s.",
                    case=event.job_id.display_name,
                ),
            )
