"""Ending the model's work in the middle: between two layers of a network, not only between two steps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch.nn.modules.module import register_module_forward_pre_hook


@contextmanager
def interruptible(check: Callable[[], None]) -> Iterator[None]:
    """Call `check` before every layer that this thread runs; what it raises ends the work there.

    A step of the sampler takes some tenths of a second on a CPU, and finding the mask longer: whoever waits for the
    model would feel that. Other threads are left alone.
    """
    me = threading.get_ident()

    def before(*_: Any) -> None:
        if threading.get_ident() == me:
            check()

    hook = register_module_forward_pre_hook(before)
    try:
        yield
    finally:
        hook.remove()
