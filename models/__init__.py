from . import (
    account_journal,
    account_move,
    res_config_settings,
    res_partner,
    ropo_account,
    ropo_document,
    ropo_event,
    ropo_job,
    ropo_request,
    ropo_token,
)
