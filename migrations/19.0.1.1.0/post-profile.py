def migrate(cr, version):
    """Everything so far was created under the profile that its account has now."""
    cr.execute(
        """
        UPDATE ropo_job job
           SET profile = account.profile
          FROM ropo_account account
         WHERE account.id = job.account_id
           AND job.profile IS NULL
        """
    )
    cr.execute(
        """
        UPDATE ropo_request request
           SET profile = account.profile
          FROM ropo_account account
         WHERE account.id = request.account_id
           AND request.profile IS NULL
        """
    )
    cr.execute(
        """
        UPDATE ropo_event event
           SET profile = account.profile
          FROM ropo_account account
         WHERE account.id = event.account_id
           AND event.profile IS NULL
        """
    )
    cr.execute(
        """
        UPDATE ropo_event event
           SET company_id = job.company_id
          FROM ropo_job job
         WHERE job.id = event.job_id
           AND job.company_id != event.company_id
        """
    )
