def migrate(cr, version):
    """The figures of all cases are kept from now on: the next runs compute them, so
    many at a time, and until then whoever opens a report does."""
    cr.execute(
        """
        INSERT INTO ropo_job_figures (job_id)
        SELECT id FROM ropo_job WHERE is_collected
            ON CONFLICT (job_id) DO NOTHING
        """
    )
