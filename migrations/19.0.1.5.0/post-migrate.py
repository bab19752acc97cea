OFTEN = ("cron_post_payments", "cron_post_credit_notes")


def migrate(cr, version):
    """Payments and credits are reported within five minutes: scheduled actions keep
    what a person has set, so only an hour, as it was, becomes less."""
    cr.execute(
        """
        UPDATE ir_cron cron
           SET interval_number = 5, interval_type = 'minutes'
          FROM ir_model_data data
         WHERE data.module = 'ropo_connect' AND data.model = 'ir.cron'
           AND data.name IN %s AND data.res_id = cron.id
           AND cron.interval_number = 1 AND cron.interval_type = 'hours'
        """,
        [OFTEN],
    )
