"""Ropo One's REST API: its words, its shapes, its calls.

`payloads` turns documents into datasets, `answers` reads what comes back, `client`
makes the calls, `codes` and `capabilities` hold what is known of the service as data.
"""

from .client import RopoOne

__all__ = ["RopoOne"]
