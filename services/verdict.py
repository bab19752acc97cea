from typing import Any, NamedTuple

# Codes that only time or the ledger changes: there is nothing to transfer.
HOPELESS = ("type", "state", "account", "zero", "collected", "paid")
# Codes of what nobody can put right, so that it stands apart from what is to be fixed.
# A draft can be confirmed, and a missing account be set up.
FINAL = {*HOPELESS, "sent", "currency", "local_print"} - {"account", "state"}


class Verdict(NamedTuple):
    """Whether an invoice may be sent or transferred, and if not, why."""

    code: str | bool = False  # False when it may
    text: str = ""  # why not, and what to do about it
    record: Any = None  # what to open to correct it
    warning: str = ""  # what makes it doubtful without ruling it out
    needs_person: bool = False  # whether no schedule may go on in spite of the warning

    @property
    def is_hopeless(self):
        return self.code in HOPELESS

    @property
    def is_final(self):
        return self.code in FINAL
