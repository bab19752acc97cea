from . import (
    test_account,
    test_documents,
    test_main_job,
    test_money_back,
    test_outbox,
    test_pdf,
    test_poll,
    test_security,
    test_verdicts,
)
