"""The channels to Ropo's services.

Nothing in this package imports Odoo: documents go in as plain dataclasses, answers
come out as plain dataclasses, and every failure is one of the types in `errors`. What
a channel is, `base` says. Here alone channels are named.
"""

from typing import Literal
from urllib.parse import urlsplit

from .base import Channel
from .conformance import Script
from .maventa import Maventa
from .maventa.conformance import MaventaScript
from .ropo_one import RopoOne
from .ropo_one.conformance import RopoOneScript

CHANNELS: dict[str, type[Channel]] = {"ropo_one": RopoOne, "maventa": Maventa}
SCRIPTS: dict[str, type[Script]] = {
    "ropo_one": RopoOneScript,
    "maventa": MaventaScript,
}
DEFAULT = "ropo_one"

Purpose = Literal["credentials", "identity"]


def get(name: str) -> type[Channel]:
    """The channel of this name; see `base.Channel`."""
    return CHANNELS[name]


def script(name: str) -> type[Script]:
    """The channel's script of a conformance run; see `conformance.Script`."""
    return SCRIPTS[name]


def names() -> list[tuple[str, str]]:
    """`(name, label)` of each channel, the usual one first."""
    return [(name, channel.label) for name, channel in CHANNELS.items()]


def production_hosts() -> set[str | None]:
    """The host names of every channel's production."""
    return {
        urlsplit(url).hostname
        for channel in CHANNELS.values()
        for hosts in (channel.hosts, *channel.further_hosts.values())
        for (environment, _country), url in hosts.items()
        if environment == "production"
    }


def account_fields(purpose: Purpose) -> tuple[str, ...]:
    """The fields of an account that any channel needs for this purpose.

    :param purpose: `credentials` or `identity`; see `base.Channel`
    """
    needed = [getattr(channel, purpose) for channel in CHANNELS.values()]
    return tuple(dict.fromkeys(name for names in needed for name in names))


def further_addresses() -> tuple[str, ...]:
    """The fields of an account that have the addresses of a channel's further APIs."""
    names = [name for channel in CHANNELS.values() for name in channel.further_hosts]
    return tuple(dict.fromkeys(names))
