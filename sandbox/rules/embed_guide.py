"""Guide “Embed” (documentation): Ropo keeps the ledger."""


def embed(dataset, kind, profile):
    """D: an Embed invoice brings its own account rows."""
    needed = profile.service_model == "embed" and dataset["jobtype"] == 0
    if needed and not dataset.get("accountrow"):
        return ["accountrow: required in the service model embed"]
    return []
