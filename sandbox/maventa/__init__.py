"""Maventa's part of the stand-in. Each module bears the name of what it was read from.

================== ==================================================================
``authentication`` Maventa's page "Authentication" and the token's scopes
``errors``         the error that every API of Maventa answers with
``invoices``       the AutoXChange API's invoices: sending, finding, one of them
``einvoice``       the formats Peppol BIS 3.0 and Finvoice 3.0, as far as they are read
``ropo_service``   "Ropo's reminder and collection service": opening and closing it
``ropo_transfer``  the same guide: transferring an invoice
``receivables``    the Receivables API: assignments and their events
``books``          what is held: companies, invoices, assignments
``api``            the paths, and who may call them
``dialect``        how it all might be said instead
``control``        what a test may arrange, ``pages`` what a person may look at
================== ==================================================================

A letter says where a rule comes from: **S** what this product was ordered from, **D**
other pages of Maventa's documentation and its published API description, **A** assumed.
"""

from .api import Maventa
from .dialect import DIALECTS

__all__ = ["DIALECTS", "Maventa"]
