from odoo import models

from odoo.addons.queue_job.exception import RetryableJobError
from odoo.addons.ropo_connect.channels.errors import ChannelError

TURN = 30  # seconds of one job; what is due then is for the next one
MOMENT = 5  # seconds until another worker of the account is done


class RopoAccount(models.Model):
    _inherit = "ropo.account"

    # --- jobs ---

    def _work_off_outbox(self):
        """Works off the outbox for a while. Commits by a cursor of its own, so a worker
        that is killed loses nothing."""
        self.ensure_one()
        done = self.env["ropo.outbox"]._work_off(self.id, TURN)
        is_due, rests_until = self._after_work()
        if is_due and not done:
            raise RetryableJobError(
                "Another worker is at this account.", seconds=MOMENT, ignore_retry=True
            )
        if is_due or rests_until:
            self._delay_outbox(rests_until)

    def _after_work(self):
        """Whether something is due still, and until when the account rests. Seen by a
        new transaction: this one began before the work was done."""
        with self.env.registry.cursor() as cr:
            account = self.with_env(self.env(cr=cr))
            is_due = bool(account.env["ropo.due"]._count(account.ids))
            return is_due, account._is_resting() and account.paused_until

    def _fetch_news(self, poll):
        """Fetches what happened. Where Ropo can't be asked, it is tried again later and
        later, as the job's retry pattern says."""
        self.ensure_one()
        try:
            self.env["ropo.inbox"]._run(self.id, poll=poll)
        except ChannelError as error:
            raise RetryableJobError(str(error.reason)) from None

    # --- queueing them ---

    def _delay_outbox(self, at=None):
        """A job for each of these, at once or from this moment on. One that waits
        already is enough; it comes earlier where that is wanted."""
        for account in self:
            key = f"ropo_outbox_{account.id}_{'later' if at else 'now'}"
            waiting = account._waiting_job(key) if at else None
            if waiting and waiting.eta and waiting.eta > at:
                waiting.eta = at
                continue
            delayed = account.with_delay(eta=at, identity_key=key)
            delayed._work_off_outbox()

    def _delay_news(self, poll):
        for account in self:
            key = f"ropo_inbox_{account.id}_{'poll' if poll else 'new'}"
            account.with_delay(identity_key=key)._fetch_news(poll)

    def _waiting_job(self, key):
        return (
            self.env["queue.job"]
            .sudo()
            .search(
                [("identity_key", "=", key), ("state", "in", ("pending", "enqueued"))],
                limit=1,
            )
        )
