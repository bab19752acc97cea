"""Guide “Connect” (ropo-one-connect-guide.md): what each document needs."""

from .datasets import COLLECTION, INVOICE, missing

ADDRESS = ("address", "postcode", "city")

DATES = ("billdate", "paydate")

MINIMUM = {
    INVOICE: (*ADDRESS, *DATES),
    COLLECTION: (*ADDRESS, *DATES, "billcode", "amount", "billnum"),
}


def noticedate(dataset, kind, profile):
    """S: the date of the creditor's own reminder is mandatory in Finland."""
    if kind == COLLECTION and profile.country == "fi":
        return [f"{name}: required" for name in missing(dataset, ("noticedate",))]
    return []
