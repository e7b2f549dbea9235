"""stillyou: portrait effects that keep the person.

The stages, in the order of the road: `effects` (what to change), `pairs` (before/after images), `training`,
`editing`, `evaluation`, `cli`. `diffusion` is the model they share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["EditResult", "Editor", "__version__", "load_effect"]

if TYPE_CHECKING:
    from stillyou.editing.editor import Editor
    from stillyou.editing.result import EditResult
    from stillyou.effects.lookup import load_effect

_HOMES = {
    "Editor": "stillyou.editing.editor",
    "EditResult": "stillyou.editing.result",
    "load_effect": "stillyou.effects.lookup",
}


def __getattr__(name: str) -> Any:
    """Import the public names on first use: `import stillyou` itself stays instant."""
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'stillyou' has no attribute '{name}'")
