"""Options as somebody sent them become an `EditRequest`, or an error that names the field.

Nothing here may name a file of the host: effects are those that are offered, masks and drafts come as uploads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stillyou.app.service.errors import FieldError
from stillyou.app.service.limits import Limits
from stillyou.app.service.words import field_of, in_fields
from stillyou.editing.editor import Editor
from stillyou.editing.request import EditOptions, EditRequest
from stillyou.effects.lookup import catalogue
from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError, UsageError, nearest

OPTIONS: Final = tuple(name for name in EditOptions.__annotations__ if name not in ("mask", "official"))
"""Names of the options that may be sent."""
_DRAFTS: Final = ("auto", "none")


def known_effects(editor: Editor) -> tuple[EffectSpec, ...]:
    """Return the effects that a model may be asked for, by its own records: those that people are offered."""
    trained = editor.pipeline.card.effects or tuple(catalogue().values())
    return tuple(sorted((effect for effect in trained if effect.offered), key=lambda each: each.order))


def read_request(effect: str | EffectSpec, options: Mapping[str, Any], editor: Editor, limits: Limits) -> EditRequest:
    """Check an edit's options, and that a model can do it.

    Args:
        effect: A name of `known_effects`, or an effect of one's own.
        options: By the names of `OPTIONS`; None = not said.
        editor: The model.
        limits: Of steps and resolution.

    Raises:
        FieldError: What is wrong, and in which field.
    """
    said = {name: value for name, value in options.items() if value is not None}
    for name in said:
        if name not in OPTIONS:
            raise FieldError(name, f"an edit has no option '{name:.40}'", nearest(name, OPTIONS))
    names = [known.id for known in known_effects(editor)]
    if isinstance(effect, str) and effect not in names:
        raise FieldError("effect", f"unknown effect '{effect:.40}'", nearest(effect, names))
    _check(said, limits)
    try:
        request = EditRequest.read(effect, **said)
        editor.plan(request)
    except UsageError as error:
        guilty = _guilty(effect, said, editor, error.what)
        raise FieldError(guilty, in_fields(error.what), in_fields(error.remedy)) from error
    except StillYouError as error:
        field = "resolution" if "resolution" in said else "effect"
        raise FieldError(field, in_fields(error.what), in_fields(error.remedy)) from error
    return request


def _check(said: Mapping[str, Any], limits: Limits) -> None:
    """Refuse what a server must not be asked for."""
    if "draft" in said and said["draft"] not in _DRAFTS:
        raise FieldError("draft", "a draft is 'auto', 'none', or an uploaded picture", "Send the picture itself.")
    for name, most in (("steps", limits.steps), ("resolution", limits.resolution)):
        value = said.get(name)
        if isinstance(value, int) and value > most:
            raise FieldError(name, f"{name} {value} is more than this server does", f"At most {most}.")


def _guilty(effect: str | EffectSpec, said: Mapping[str, Any], editor: Editor, what: str) -> str:
    """Return the first option that is refused alone; one that is named where only their combination is refused."""
    for name, value in said.items():
        try:
            editor.plan(EditRequest.read(effect, **{name: value}))
        except StillYouError:
            return name
    return field_of(what, [*said]) or next(reversed([*said]), "effect")
