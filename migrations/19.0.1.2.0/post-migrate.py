from odoo import SUPERUSER_ID, api
from odoo.tools.sql import column_exists

# Scheduled actions are not updated by themselves.
CRONS = {
    "cron_process_requests": "Ropo: Send Outbox",
    "cron_post_payments": "Ropo: Report Payments",
    "cron_post_credit_notes": "Ropo: Report Credit Notes",
    "cron_transfer_overdue": "Ropo: Transfer Overdue Invoices",
    "cron_fetch_documents": "Ropo: Archive Documents",
    "cron_check_differences": "Ropo: Check Balances",
    "cron_poll_status": "Ropo: Fetch Status Updates",
    "cron_interpret_events": "Ropo: Process Inbox",
}


def migrate(cr, version):
    store_how_it_is_sent(cr)
    store_what_the_answer_means(cr)
    store_what_events_name(cr)
    rename_scheduled_actions(cr)


def store_how_it_is_sent(cr):
    """What was read from payloads before has fields of its own now."""
    cr.execute(
        """
        UPDATE ropo_request
           SET call = CASE WHEN NOT jsonb_exists(payload, 'jobtype') THEN 'payment'
                           WHEN local_print THEN 'localprint'
                           ELSE 'jobs' END,
               batchable = jsonb_exists(payload, 'jobtype')
                           AND local_print IS NOT TRUE
                           AND has_attachments IS NOT TRUE,
               debtor_reference = payload->>'custnum',
               is_exempt = payload->>'sensible' = '1'
         WHERE jsonb_typeof(payload) = 'object'
           AND call IS NULL
        """
    )
    cr.execute(
        """
        UPDATE ropo_request credit
           SET credited_job_id = job.id
          FROM ropo_job job
         WHERE credit.operation = 'credit_note'
           AND credit.credited_job_id IS NULL
           AND job.account_id = credit.account_id
           AND job.profile = credit.profile
           AND job.jobid = credit.payload->>'refundtojobid'
        """
    )


def store_what_the_answer_means(cr):
    """A number of the channel's was kept, which only the channel understands."""
    if not column_exists(cr, "ropo_request", "answer_code"):
        return
    cr.execute(
        """
        UPDATE ropo_request
           SET answer_meaning = CASE WHEN answer_code IN (2, 5, 11) THEN 'ended'
                                     WHEN answer_code IN (3, 4) THEN 'own_money'
                                     WHEN answer_code = 8 THEN 'not_followed'
                                     ELSE 'to_fix' END
         WHERE answer_code != 0
           AND answer_meaning IS NULL
        """
    )
    cr.execute("ALTER TABLE ropo_request DROP COLUMN answer_code")


def store_what_events_name(cr):
    cr.execute(
        """
        UPDATE ropo_event
           SET assignment = raw->>'jobid', number = raw->>'billnum'
         WHERE jsonb_typeof(raw) = 'object'
           AND assignment IS NULL
        """
    )


def rename_scheduled_actions(cr):
    env = api.Environment(cr, SUPERUSER_ID, {"lang": "en_US"})
    for name, label in CRONS.items():
        cron = env.ref(f"ropo_connect.{name}", raise_if_not_found=False)
        if cron:
            cron.name = label
