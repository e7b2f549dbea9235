"""Opens an OpenGL context without a screen, on the best device that EGL offers."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from stillyou.errors import StillYouError, requires

if TYPE_CHECKING:
    import moderngl

VERSION = 430
"""OpenGL 4.3: the first with storage buffers."""
_DEVICES = 8
"""EGL devices that are looked at."""
_SOFTWARE = ("llvmpipe", "softpipe", "swrast", "software")
INSTALL = "Install Mesa's software renderer (Debian, Ubuntu: apt-get install libegl1 libgl1 libgl1-mesa-dri)."


@dataclass(frozen=True, eq=False)
class Device:
    """An open context and what draws in it.

    Attributes:
        context: The context; it belongs to the thread that opened it.
        renderer: The driver's name for the device, such as ``llvmpipe (LLVM 15.0.6, 256 bits)``.
        software: Whether the CPU draws.
    """

    context: moderngl.Context
    renderer: str
    software: bool


@lru_cache(maxsize=1)
def open_device() -> Device:
    """Open the first hardware device, or a software one; once a process.

    Raises:
        StillYouError: There is no EGL, or no driver behind it that gives OpenGL 4.3.
    """
    requires("people", "moderngl")
    if not _library("EGL"):
        raise StillYouError("cannot render people: there is no EGL library (libEGL.so.1)", INSTALL)
    found: list[int] = []
    problem = "EGL lists no device"
    for index in range(_DEVICES):
        try:
            device = _open(index)
        except Exception as error:  # the backend raises bare exceptions, one for each thing a driver may lack
            text = _first_line(error)
            if "device index" in text:  # there are no more devices
                break
            problem = text
            continue
        if not device.software:
            return device
        found.append(index)
        device.context.release()  # only one context can be current, so the chosen one is opened last
    if not found:
        raise StillYouError(f"cannot render people: no OpenGL {VERSION / 100:.1f} through EGL ({problem})", INSTALL)
    return _open(found[0])


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _open(index: int) -> Device:
    import moderngl

    with contextlib.ExitStack() as stack:
        names = {"libegl": _library("EGL"), "libgl": _library("GL") or _library("OpenGL") or _library("GLESv2")}
        options: dict[str, Any] = {"backend": "egl", "device_index": index, **{k: v for k, v in names.items() if v}}
        context = moderngl.create_context(require=VERSION, standalone=True, **options)
        stack.callback(context.release)
        context.gc_mode = "context_gc"
        name = str(context.info["GL_RENDERER"])
        device = Device(context, name, any(word in name.lower() for word in _SOFTWARE))
        stack.pop_all()
    return device


def _library(name: str) -> str:
    """Return the file name of a shared library that loads, or an empty string."""
    return next(_loadable(name), "")


def _loadable(name: str) -> Iterator[str]:
    for file in (f"lib{name}.so.1", f"lib{name}.so.0", f"lib{name}.so.2", f"lib{name}.so"):
        with contextlib.suppress(OSError):
            ctypes.CDLL(file)
            yield file
