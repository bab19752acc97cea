from . import (
    report_case_history,
    report_disclosure,
    report_statement,
    ropo_dso_report,
    ropo_payout_report,
    ropo_receivable_report,
    ropo_receivable_report_groups,
)
