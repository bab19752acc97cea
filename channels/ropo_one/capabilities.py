"""What Ropo One can do, as data."""

from ..base import Capabilities, FileRules, ServiceModel

STATUS_TIMEOUT = 240  # seconds; others report that status updates need them

CAPABILITIES = Capabilities(
    countries=("fi", "se", "no"),
    kinds=frozenset(["invoice", "reminder", "collection", "credit_note"]),
    deliveries=(
        "post",
        "email",
        "evoice",
        "evoicenet",
        "evoicesm",
        "peppol",
        "b2c",
        "print",
    ),
    # Not every delivery is known for every document (guides: Invoice, Reminder).
    invoice_deliveries={"b2c": "evoice"},
    reminder_deliveries={
        "evoicenet": "evoice",
        "evoicesm": "evoice",
        "peppol": "post",
        "print": "post",  # nobody here prints what Ropo makes
    },
    service_models={
        "connect": ServiceModel(),
        "unify": ServiceModel(collects=True),
        "embed": ServiceModel(collects=True, keeps_books=True),
    },
    batch_size=1000,
    credit_ways=("credit_job", "payment"),
    pages_are_final=True,
    preview=True,
    local_print=True,
    documents=True,
    letters=True,
    debtor_page=True,
    webhook=True,
    # Guide: Attachments. Of letters no page names a limit; this one is ours, since a
    # call must end some day. Assumption: the own share is enough for the invoice
    # itself, whose image Ropo makes.
    files=FileRules(
        documents=(".pdf",),
        sheets=(".xls", ".xlsx", ".csv"),
        sheet_deliveries=("peppol",),
        electronic=("email", "evoice", "evoicenet", "evoicesm", "peppol", "b2c"),
        electronic_limit=1_000_000,
        letter_limit=20_000_000,
        own_share=100_000,
    ),
    longest_call=STATUS_TIMEOUT,
    invoice_terms=frozenset(
        [
            "printing",
            "interest",
            "financing",
            "attachments",
            "image",
            "fallback",
            "unique_number",
        ]
    ),
    claim_terms=frozenset(
        [
            "delivery",
            "notice_date",
            "notice_fee",
            "interest",
            "process",
            "reason",
            "debt_type",
        ]
    ),
)
