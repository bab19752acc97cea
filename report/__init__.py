from . import (
    report_case_history,
    report_disclosure,
    report_statement,
    ropo_receivable_report,
)
