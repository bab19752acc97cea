def post_init_hook(env):
    """Takes over what was done before: reminders that were sent, and what Ropo has."""
    env["ropo.credit.control"]._take_over()
