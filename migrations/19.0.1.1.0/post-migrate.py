import logging

from odoo import SUPERUSER_ID, api

_logger = logging.getLogger(__name__)


def migrate(cr, version):
    reset_what_belongs_to_no_state(cr)
    store_who_collects(cr)
    store_what_closed_cases_left_open(cr)
    store_what_was_sent(cr)
    ask_about_unpaid_cases(cr)
    ask_about_exempt_cases(cr)
    look_each_hour_for_what_is_due(cr)


def reset_what_belongs_to_no_state(cr):
    """Dates of an earlier state woke workers for what only a person can move on."""
    cr.execute(
        "UPDATE ropo_request SET to_review = TRUE, next_attempt_at = NULL "
        "WHERE state = 'unknown' AND look_ups >= 5"
    )
    cr.execute(
        "UPDATE ropo_request SET next_attempt_at = NULL, lease_until = NULL "
        "WHERE state IN ('done', 'rejected', 'cancelled') "
        "AND (next_attempt_at IS NOT NULL OR lease_until IS NOT NULL)"
    )


def store_who_collects(cr):
    """`collects` and `service_model` of requests, as the cases and accounts say.

    What was transferred although Ropo collects it by its delivery already stays with
    the transfer, since the index allows one of them: a person has to end the other.
    """
    cr.execute(
        """
        UPDATE ropo_request request
           SET service_model = account.service_model,
               collects = request.operation IN ('reminder', 'collection')
          FROM ropo_account account
         WHERE account.id = request.account_id
           AND request.collects IS NULL
        """
    )
    cr.execute(
        """
        WITH delivered AS (
            SELECT request.id,
                   request.move_id,
                   EXISTS (
                       SELECT FROM ropo_request other
                        WHERE other.move_id = request.move_id
                          AND other.collects
                          AND other.state IN ('queued', 'sending', 'unknown', 'done')
                          AND other.void IS NOT TRUE
                   ) AS is_twice
              FROM ropo_request request
              LEFT JOIN ropo_job job ON job.id = request.job_id
             WHERE request.operation = 'invoice'
               AND request.state IN ('queued', 'sending', 'unknown', 'done')
               AND request.void IS NOT TRUE
               AND COALESCE(job.is_collected, request.service_model != 'connect')
        ), updated AS (
            UPDATE ropo_request request
               SET collects = TRUE
              FROM delivered
             WHERE delivered.id = request.id AND NOT delivered.is_twice
        )
        SELECT move.name
          FROM delivered
          JOIN account_move move ON move.id = delivered.move_id
         WHERE delivered.is_twice
        """
    )
    for (name,) in cr.fetchall():
        _logger.warning(
            "%s: Ropo collects it twice, by its delivery and by a transfer. End one "
            "of the two cases at Ropo.",
            name,
        )


def store_what_closed_cases_left_open(cr):
    """From now on a change of their ledger asks a person."""
    cr.execute(
        """
        UPDATE ropo_job job
           SET closed_residual = CASE
               WHEN job.part_ids IS NULL THEN move.amount_residual
               ELSE (SELECT SUM(line.amount_residual_currency)
                       FROM account_move_line line
                      WHERE line.move_id = move.id
                        AND job.part_ids @> to_jsonb(line.id)) END
          FROM account_move move
         WHERE move.id = job.move_id
           AND job.stage = 'closed'
           AND job.closed_residual IS NULL
        """
    )


def store_what_was_sent(cr):
    """Of what is under way, since the case that comes of it is known by it."""
    cr.execute(
        """
        UPDATE ropo_request
           SET number = payload->>'billnum', reference = payload->>'billcode'
         WHERE state IN ('sending', 'unknown', 'done')
           AND operation IN ('invoice', 'reminder', 'collection', 'credit_note')
           AND number IS NULL
        """
    )


def ask_about_unpaid_cases(cr):
    """What Ropo closed unpaid waits for a person, also when it was closed before."""
    cr.execute(
        """
        UPDATE ropo_job job
           SET decision = 'undecided'
          FROM account_move move
         WHERE move.id = job.move_id
           AND job.is_collected
           AND job.stage = 'closed'
           AND job.decision IS NULL
           AND job.released IS NOT TRUE
           AND move.amount_residual > 0
        """
    )


def ask_about_exempt_cases(cr):
    """A person is asked to inform Ropo of what was exempted while Ropo collected it."""
    cr.execute(
        """
        UPDATE ropo_job job
           SET stop_asked = TRUE
          FROM ropo_request request
         WHERE request.job_id = job.id
           AND request.operation = 'invoice'
           AND request.payload->>'sensible' = '1'
           AND job.is_collected
        """
    )
    cr.execute(
        """
        SELECT job.id
          FROM ropo_job job
          JOIN account_move move ON move.id = job.move_id
          JOIN res_partner partner ON partner.id = job.partner_id
         WHERE job.is_collected
           AND job.released IS NOT TRUE
           AND job.stage NOT IN ('paid', 'credited', 'closed', 'on_hold')
           AND (move.ropo_hold OR partner.ropo_no_collection
                OR EXISTS (SELECT FROM res_partner_ropo_account_rel exempt
                            WHERE exempt.ropo_account_id = job.account_id
                              AND exempt.res_partner_id = partner.id))
        """
    )
    env = api.Environment(cr, SUPERUSER_ID, {})
    jobs = env["ropo.job"].browse(row[0] for row in cr.fetchall())
    env["ropo.exemption"]._follow(jobs)


def look_each_hour_for_what_is_due(cr):
    """The transfer runs at an early hour of each company's time zone: its cron looks
    each full hour which company's has come. Crons are not updated by themselves."""
    cr.execute(
        """
        UPDATE ir_cron
           SET interval_number = 1,
               interval_type = 'hours',
               nextcall = date_trunc('hour', now() AT TIME ZONE 'UTC')
                          + INTERVAL '1 hour'
          FROM ir_model_data
         WHERE ir_model_data.module = 'ropo_connect'
           AND ir_model_data.name = 'cron_transfer_overdue'
           AND ir_model_data.model = 'ir.cron'
           AND ir_cron.id = ir_model_data.res_id
           AND ir_cron.interval_type = 'days'
        """
    )
