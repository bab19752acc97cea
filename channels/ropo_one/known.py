"""The fields and codes of Ropo One's answers that the code, or a page of Ropo's, knows.

What a conformance run meets beside these is shown as what was not known yet.
"""

from .codes import COLLECTED, MESSAGE, NOT_COLLECTED

ANSWER = frozenset(["result", "errors", "accepted"])
ROW = frozenset(
    """accepted amount billnum billcode error evoicetype jobid jobstatus jobtype notice
    origbillnum ownref print receiver reference sendtype""".split()
)
PAYMENT = frozenset(
    """jobid billnum billcode paydate amount capitalbefore capitalafter focusedtocapital
    interestbefore interestafter focusedtointerest noticefeebefore noticefeeafter
    focusedtonoticefee unfocused statusid statustext""".split()
)
CASE = frozenset(
    """accountdate address addressaddline1 addressaddline2 city company country custnum
    govid person postcode billcode billnum currentpaydate currentstatus
    currentstatustext jobid nextstatus nextstatusdate nextstatustext origjobdate
    origjobtext""".split()
)
UPDATE = frozenset(
    """jobid statusid billnum statustype statustime statusref statustext statuscode
    paydate amount""".split()
)
LISTED = frozenset(
    """case_number invoice_number original_invoice_date status open_amount group_job
    group_case_numbers group_total_payable my_ropo_link""".split()
)

UPDATE_TYPES = ("payment", "comment")
LISTED_STATUSES = (*NOT_COLLECTED, *COLLECTED, "paid")
PAYMENT_STATUSES = range(12)  # `statusid` (guide: Payment)
# Codes that are no stage: a message, and that of a document that is only delivered.
OTHER_CODES = (MESSAGE, "301")
