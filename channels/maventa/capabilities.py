"""What Ropo's service through Maventa can do, as data."""

from ..base import Capabilities
from .codes import COUNTRIES

CAPABILITIES = Capabilities(
    kinds=frozenset(["invoice", "reminder", "collection", "credit_note"]),
    deliveries=("post", "email", "evoice", "peppol"),
    batch_size=1,
    # Guide: events are `paid` and `credit_note`; none raises what is open.
    reversal="person",
    credit_ways=("payment",),
    calls_per_document=2,  # the case's own id has to be asked for first
    countries=COUNTRIES,
    currencies={"fi": ("EUR",), "se": ("SEK",), "no": ("NOK",)},
    minimum_days={"company": 7, "person": 14},
    needs_invoice=True,
    finds_invoices=True,
    einvoice_formats=("peppol_bis3", "finvoice3"),
    rental_countries=("fi",),
    co_debtors=True,
    settles_later=frozenset(["invoice", "credit_note", "reminder", "collection"]),
    activation=True,
    invoice_terms=frozenset(["fallback"]),
    claim_terms=frozenset(["is_rental", "co_debtors", "summary"]),
)
