"""Open activities get the key of their cause, so that they end when it is gone.

The texts of earlier versions were in English alone.
"""

BY_SUMMARY = {
    "Did it arrive at Ropo?": "arrived",
    "Ropo fails on a document": "fails",
    "Ropo rejected a payment or a credit": "money_rejected",
    "Ropo does not follow the money of a case": "not_followed",
    "A payment has to be reversed at Ropo manually": "reversal",
    "Is this a duplicate payment?": "duplicate",
    "An invoice was not delivered": "undelivered",
    "A transfer failed": "transfer_failed",
    "The credentials lack a right": "rights",
    "Own report, or a different payment?": "own_report",
    "Payments collected by Ropo have to be reviewed": "collected",
    "Something that Ropo reported can't be taken in": "not_taken_in",
    "Ropo closed a case unpaid: a decision is needed": "decision",
    "Ropo has no document of some cases": "no_document",
    "Ropo and the ledger differ": "mismatch",
    "Ropo refuses the credentials": "credentials",
    "Ropo has a cancelled request": "cancelled",
    "The ledger of a closed case has changed": "closed_changed",
    "Is this the database that uses Ropo?": "database",
    "Not all that Ropo reported could be fetched": "day_gap",
    "Ropo could not place some money": "not_placed",
    "The receivables service is active": "service_active",
    "Where a case stands can't be taken in": "standing",
}
BY_TYPE = ("hold_ends", "inform_ropo", "plan_broken", "message")


def migrate(cr, version):
    for summary, key in BY_SUMMARY.items():
        cr.execute(
            """
            UPDATE mail_activity
               SET ropo_key = %s
             WHERE res_model = 'ropo.account' AND automated AND active
               AND ropo_key IS NULL AND summary = %s
            """,
            [key, summary],
        )
    for key in BY_TYPE:
        cr.execute(
            """
            UPDATE mail_activity activity
               SET ropo_key = %s
              FROM ir_model_data data
             WHERE data.module = 'ropo_connect' AND data.name = %s
               AND data.res_id = activity.activity_type_id
               AND activity.automated AND activity.active
               AND activity.ropo_key IS NULL
            """,
            [key, f"mail_activity_type_{key}"],
        )
