"""The same edit elsewhere: as a command line, and as Python."""

from __future__ import annotations

import shlex
from dataclasses import fields
from typing import Any, Final

from stillyou.config import GuidanceScales
from stillyou.editing.request import EditRequest
from stillyou.editing.scene.crop import Crop
from stillyou.editing.scene.face_choice import FaceChoice
from stillyou.effects.own import OwnEffect
from stillyou.effects.spec import EffectSpec

_FILES: Final = {"mask": "mask.png", "draft": "draft.png"}


def command_line(request: EditRequest, model: str = "embedded", *, files: tuple[str, ...] = ()) -> str:
    """Return a ``stillyou edit`` that makes an edit again.

    Args:
        request: What was asked for.
        model: Name, folder or hub id.
        files: Which of `mask` and `draft` were files: the command takes them as ``mask.png`` and ``draft.png``.
    """
    words = ["stillyou", "edit", "me.png", "-e", _effect(request)]
    for name, value in _said(request, files).items():
        words += _option(name, value)
    words += [] if model == "embedded" else ["--model", model]
    return shlex.join([*words, "-o", "out.png"])


def python_code(request: EditRequest, model: str = "embedded", *, files: tuple[str, ...] = ()) -> str:
    """Return Python that makes an edit again; arguments as in `command_line`."""
    said = _said(request, files)
    options = "".join(f", {name}={_plain(value)!r}" for name, value in said.items())
    return (
        "from stillyou import Editor\n\n"
        f"editor = Editor.from_pretrained({model!r})\n"
        f'result = editor.edit("me.png", {_effect(request)!r}{options})\n'
        'result.save("out.png")\n'
    )


def _effect(request: EditRequest) -> str:
    effect = request.effect
    if isinstance(effect, OwnEffect):
        return f"{effect.id}/"
    return effect.id if isinstance(effect, EffectSpec) else str(effect)


def _said(request: EditRequest, files: tuple[str, ...]) -> dict[str, Any]:
    """Return the options that are said, files by the names that they are given here."""
    values = {each.name: getattr(request, each.name) for each in fields(request) if each.name not in ("effect", "mask")}
    values |= {name: _FILES[name] for name in files}
    return {name: value for name, value in values.items() if value is not None}


def _option(name: str, value: Any) -> list[str]:
    flag = f"--{name.replace('_', '-')}"
    if name == "variables":
        return [word for key, text in value.items() for word in ("--var", f"{key}={text}")]
    if isinstance(value, bool):
        return [flag if value else f"--no-{flag[2:]}"]
    return [flag, _word(value)]


def _word(value: Any) -> str:
    """Return a value as the command line reads it."""
    plain = _plain(value)
    return ",".join(f"{each:g}" for each in plain) if isinstance(plain, tuple) else str(plain)


def _plain(value: Any) -> Any:
    """Return a value as text or numbers."""
    if isinstance(value, Crop):
        return f"{value.left},{value.top},{value.size}"
    if isinstance(value, GuidanceScales):
        return (value.image, value.source, value.text)
    if isinstance(value, FaceChoice):
        kinds = {"number": str(value.number), "point": f"{value.point[0]:g},{value.point[1]:g}"}
        return kinds.get(value.kind, value.kind)
    return value if isinstance(value, (int, float, str, dict)) else str(value)
