from . import report_statement, ropo_receivable_report
