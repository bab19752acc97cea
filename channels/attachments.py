"""Which files may travel with an invoice (guide: Attachments)."""

ELECTRONIC = ("email", "evoice", "evoicenet", "evoicesm", "peppol", "b2c")
DOCUMENTS = (".pdf",)
SHEETS = (".xls", ".xlsx", ".csv")
# Bytes of an electronic invoice with all that travels with it.
ELECTRONIC_LIMIT = 1_000_000
# Assumption: as much of it is enough for the invoice itself, whose image Ropo makes.
OWN_SHARE = 100_000
# Of letters no page names a limit; this one is ours, since a call must end some day.
LETTER_LIMIT = 20_000_000


def may_travel(name, method, is_company):
    """Whether Ropo takes a file: a PDF; Excel and CSV to companies and by Peppol."""
    sheets = SHEETS if is_company or method == "peppol" else ()
    return name.lower().endswith((*DOCUMENTS, *sheets))


def room(method, own_size=None):
    """How many bytes of files may travel with one invoice that is delivered so.

    :param own_size: of the invoice itself, where it is known
    """
    limit = ELECTRONIC_LIMIT if method in ELECTRONIC else LETTER_LIMIT
    return limit - (OWN_SHARE if own_size is None else own_size)
