"""Early warnings from validation edits: an editor that does too little, and one that forgets to keep.

    change   mean |edit - source| inside the true masks / mean |target - source| there: 0 lazy, 1 as much as the target
    outside  mean |edit - source| outside the true masks, of the raw edit, in levels of 255

Figures of earlier validations are kept in the run's folder, so that warnings outlast restarts.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from stillyou.errors import StillYouError
from stillyou.files import write_json
from stillyou.untrusted.json_text import read_json
from stillyou.untrusted.rules import RUN_FILE

LAZY = 0.25
"""Changes below this share of the target's are called lazy."""
DRIFT = 1.5
"""Growth of the outside error over its best so far that is called drift,"""
DRIFT_LEVELS = 1.0
"""and the least growth in levels of 255."""


class EarlyWarnings:
    """Looks at each validation's figures in the light of the earlier ones.

    Args:
        path: JSON file of all figures so far.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def look(self, step: int, figures: Mapping[str, float]) -> list[str]:
        """Keep the figures of a step, and return warnings, a line each."""
        history = [entry for entry in self._read() if entry["step"] < step]
        write_json(self._path, [*history, {"step": step, **figures}])
        warnings = []
        change, outside = figures.get("change"), figures.get("outside_error")
        if change is not None and change < LAZY:
            warnings.append(
                f"lazy editing: inside the true masks the edits change {change:.0%} of what the targets change; "
                "more steps, larger edit_weights or a lower reconstruction share help"
            )
        best = min((entry["outside_error"] for entry in history if "outside_error" in entry), default=None)
        if outside is not None and best is not None and outside > max(DRIFT * best, best + DRIFT_LEVELS):
            warnings.append(
                f"identity drift: outside the true masks the edits differ by {outside:.1f} levels, "
                f"{best:.1f} at best; a lower learning rate or a larger reconstruction share helps"
            )
        return warnings

    def _read(self) -> list[dict[str, float]]:
        try:
            entries = read_json(self._path, RUN_FILE)
            return [dict(entry) for entry in entries if "step" in entry]
        except (StillYouError, ValueError, TypeError):
            return []  # the figures are a help, and a damaged file is no reason to stop
