"""Guide “Finance” (documentation)."""

from .datasets import missing


def finance(dataset, kind, profile):
    """D: 1 financing, 2 purchase; companies only, with their business id."""
    if not dataset.get("finance"):
        return []
    errors = []
    if dataset["finance"] not in (1, 2):
        errors.append("finance: must be 1 or 2")
    if dataset["customertype"] != 1:
        errors.append("finance: companies only")
    return errors + [f"{name}: required" for name in missing(dataset, ("govid",))]
