"""Ropo's receivables through Maventa: its words, its shapes, its calls.

`payloads` turns documents into what is sent, `answers` reads what comes back, `client`
makes the calls, `codes` and `capabilities` hold what is known of the service as data.
Of the calls, `connection` holds the token and tells refusals apart, `reading` finds
what Maventa holds, `following` reads what happened, with its `events`. `einvoices`
checks the XML, `cases` makes the ids of cases.
"""

from .client import Maventa

__all__ = ["Maventa"]
