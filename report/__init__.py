from . import report_case_history, report_statement, ropo_receivable_report
