"""Status notifications: Ropo calls the customer's own address."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import aiohttp

from .shapes import Json

if TYPE_CHECKING:
    from .state import Update, World


BATCH = 500  # D: the most messages in one batch
TIMEOUT = aiohttp.ClientTimeout(total=30)


class Webhooks:
    """Delivers what was not delivered yet; one attempt per batch and call.

    D: 2xx is stored, 4xx is refused for good, 5xx (or no answer) is tried again.
    """

    def __init__(self, world: World) -> None:
        self.world = world

    async def deliver(self, repeat: bool = False) -> dict[str, int]:
        """``{delivered, failed}`` in messages, over all registered addresses."""
        result = {"delivered": 0, "failed": 0}
        async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
            for cid, hook in self.world.webhooks.items():
                waiting = self._waiting(cid, repeat)
                while batch := list(itertools.islice(waiting, BATCH)):
                    outcome = await self._send(session, cid, hook, batch)
                    result[outcome] += len(batch)
        return result

    def _waiting(self, cid: str, repeat: bool) -> Iterator[Update]:
        wanted = ("waiting", "delivered") if repeat else ("waiting",)
        rows = [u for u in self.world.updates if u.cid == cid and u.webhook in wanted]
        return iter(rows)

    async def _send(
        self,
        session: aiohttp.ClientSession,
        cid: str,
        hook: Json,
        batch: Sequence[Update],
    ) -> str:
        status, problem = await self._post(session, hook, self._envelope(batch))
        if status is not None and status < 500:
            for update in batch:
                update.webhook = "delivered" if status < 300 else "refused"
                self.world.touch("update", update.number, update)
        delivered = status is not None and status < 300
        self.world.deliveries.append(
            {
                "cid": cid,
                "url": hook["url"],
                "messages": len(batch),
                "status": status,
                "error": problem,
                "delivered": delivered,
                "time": self.world.stamp(),
            }
        )
        self.world.touch("meta", "meta", None)
        return "delivered" if delivered else "failed"

    async def _post(
        self, session: aiohttp.ClientSession, hook: Json, body: Json
    ) -> tuple[int | None, str | None]:
        auth = aiohttp.BasicAuth(
            hook["user"] or "", hook["password"] or "", encoding="utf-8"
        )
        try:
            async with session.post(
                hook["url"], json=body, auth=auth, allow_redirects=False
            ) as response:
                await response.read()
                return response.status, None
        except (aiohttp.ClientError, TimeoutError) as error:
            return None, type(error).__name__

    def _envelope(self, batch: Sequence[Update]) -> Json:
        """One batch. D: an envelope with a key ``created_…``; a unique ``id`` each.

        A: the rest, the page that shows it could not be read: a list under
        ``messages``, the keys of a polled status row, ``id`` its statusid.
        """
        return {
            "created_at": self.world.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "messages": [_message(update.row) for update in batch],
        }


def _message(row: Json) -> Json:
    return {"id": row["statusid"], "type": row["statustype"], **row}
