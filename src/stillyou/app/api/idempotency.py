"""Idempotency keys: a request that is sent again, because an answer was lost, means the same edit."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from stillyou.app.api.problems import ProblemError
from stillyou.app.service import Gone, NotFound, Service

LONGEST = 255
_MOST = 10_000


@dataclass
class Keys:
    """Keys of edits that are still known. Used by the event loop alone, so that looking and noting are one step."""

    service: Service
    _known: OrderedDict[str, tuple[bytes, str]] = field(default_factory=OrderedDict)

    def holds(self, key: str | None) -> bool:
        """Tell whether a key stands for an edit that is still known."""
        if key is None or key not in self._known:
            return False
        try:
            self.service.view(self._known[key][1])
        except (Gone, NotFound):
            del self._known[key]
            return False
        return True

    def find(self, key: str | None, fingerprint: bytes) -> str | None:
        """Return the edit that a key stands for, if there is one.

        Raises:
            ProblemError: The key came with another body before.
        """
        if key is None or not self.holds(key):
            return None
        before, id = self._known[key]
        if before != fingerprint:
            raise ProblemError(422, "This Idempotency-Key came with another request before.", "Idempotency-Key")
        return id

    def note(self, key: str | None, fingerprint: bytes, id: str) -> None:
        """Remember which edit a key stands for."""
        if key is not None:
            self._known[key] = (fingerprint, id)
            while len(self._known) > _MOST:
                self._known.popitem(last=False)


def checked(key: str | None) -> str | None:
    """Return a key; raises ProblemError for an empty or overlong one."""
    if key is not None and not 0 < len(key) <= LONGEST:
        raise ProblemError(400, f"An Idempotency-Key has 1 to {LONGEST} characters.", "Idempotency-Key")
    return key
