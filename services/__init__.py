from . import (
    comparison,
    document_rows,
    documents,
    ledger,
    policy,
    reported_money,
    settlement,
)
