"""What Ropo calls the stages of a job, in numbers and words.

The grade of each code stands beside it: **S** in the documents that the product was
ordered from, **D** on the vendor's documentation, **X** seen in a stored answer of the
vendor's older interface, **A** assumed. Nobody may rely on an A.
"""

from datetime import date, timedelta

STAGES = {
    "invoiced": (0, "Invoicing"),  # D: example of GET /jobs
    "reminder": (1, "Reminder"),  # D: example of GET /jobs; S: jobstatus "1"
    "collection": (2, "Collection"),  # S: jobstatus "2"
    "legal": (3, "Legal collection"),  # A
    "payment_plan": (4, "Payment plan"),  # A
    "on_hold": (100, "On hold"),  # S: putonhold sets status 100
    "paid": (101, "Paid"),  # D: 101 = capital paid
    "credited": (102, "Credited"),  # A
    "closed": (103, "Closed"),  # A
}

# S: the guide's answer to a print service job has jobstatus "300", its own jobtype.
DELIVERY = {300: "Print service", 301: "Mail service"}

MESSAGE = (98, "Message")  # D

# A row's code is any of these or one of the stages'.
TEXTS = {**dict(STAGES.values()), **DELIVERY, **dict([MESSAGE])}

FINISHED = frozenset({"paid", "credited", "closed"})
CHASED = frozenset({"reminder", "collection", "legal", "payment_plan"})

FIRST_STAGE = {0: "invoiced", 1: "reminder", 2: "collection", 300: "invoiced"}

# A: no page gives the timetable. What Ropo does next, after how many days.
NEXT = {
    "invoiced": ("reminder", 14),
    "reminder": ("collection", 14),
}

# D: the words that the query by end customer answers with.
MYROPO = {
    "reminder": "reminder",
    "collection": "collection",
    "legal": "collection",
    "payment_plan": "collection",
    "paid": "paid",
    "credited": "paid",
    "closed": "paid",
}


def code_of(stage: str, jobtype: int) -> tuple[int, str]:
    """The number and the words of a stage; deliveries have their own."""
    if stage == "invoiced" and jobtype in DELIVERY:
        return jobtype, DELIVERY[jobtype]
    return STAGES[stage]


def text_of(code: int) -> str:
    """The words of a code; the list is open."""
    return TEXTS.get(code, "Status")


def next_of(stage: str, unchased: bool, today: date) -> tuple[str | None, str | None]:
    """What follows: ``(stage, date)``, or ``(None, None)``."""
    if unchased or stage not in NEXT:
        return None, None
    following, days = NEXT[stage]
    return following, (today + timedelta(days=days)).isoformat()
