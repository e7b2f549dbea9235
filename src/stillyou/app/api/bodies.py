"""Bodies of requests: multipart forms and JSON become the same fields and files.

A body is limited in bytes before it is read (`guard`), in time while it is, and in fields here; pictures are looked at
by the service. Names of files are never used.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any, Final, get_args
from urllib.parse import parse_qsl

import anyio
from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from stillyou.app.api.problems import ProblemError
from stillyou.app.service import FieldError
from stillyou.errors import StillYouError, nearest
from stillyou.untrusted.json_text import parse_object
from stillyou.untrusted.rules import Rules

FILES: Final = ("picture", "mask", "draft")
_SECONDS: Final = 60
"""For which a body may take to arrive."""
_MOST_FIELDS, _LONGEST_TEXT = 40, 1 << 16
_WORDS: Final = ("auto", "none")
"""Drafts that are no picture."""
_ID: Final = re.compile("[0-9a-f]{32}")
"""What `/v1/pictures` gives a picture that is kept."""


class EditFields(BaseModel):
    """The fields of an edit beside its pictures; what is left out comes from the effect."""

    model_config = ConfigDict(extra="forbid")

    effect: str = Field(description="A name from /v1/effects")
    strength: float | None = Field(None, description="0 = the picture as it is, 1 = the effect's default")
    seed: int | None = Field(None, description="The same seed gives the same edit")
    steps: int | None = Field(None, description="Steps of the sampler")
    guidance: str | list[float] | None = Field(None, description="Scales: image, source, text")
    variables: dict[str, str] | None = Field(None, description="Values of the prompt's placeholders")
    crop: str | None = Field(None, description="The square to work on: X,Y,SIZE in pixels")
    face: str | int | None = Field(None, description="largest, all, a number from the left, or X,Y")
    domain: str | None = Field(None, description="auto, cartoon or people")
    mask_strategy: str | None = Field(None, description="noise, latent or none")
    resolution: int | None = Field(None, description="Side of the square that the model works on")
    design: str | None = Field(None, description="A look of the effect")
    wear: str | None = Field(None, description="hat, coat or both")
    nudge: str | None = Field(None, description="hat:DX,DY,SCALE,TURN/coat:...: moved by hand, pixels and degrees")
    draft: str | None = Field(None, description="auto, none, or a picture of the same size to start from")
    refine: float | None = Field(None, description="0 = the draft as it is, 1 = from noise")
    close_up: bool | None = Field(None, description="Whether the edit is drawn in a square around the mask")
    retry: bool | None = Field(None, description="Whether an edit with unusual figures is tried once more")
    format: str = Field("png", description="png, jpeg, webp, tiff, or same as the picture; all but jpeg keep every bit")
    keep_location: bool = Field(False, description="Keep where the picture was taken in its metadata")
    mark: bool = Field(True, description="Note in the metadata that a model drew part of the picture")

    @field_validator("variables", mode="before")
    @classmethod
    def _variables_may_be_text(cls, value: Any) -> Any:
        """Forms hold no mappings: there they are a JSON object as text."""
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except (ValueError, RecursionError) as error:
            raise ValueError("no JSON") from error  # `_wrong` says what it must be

    def options(self) -> dict[str, Any]:
        """Return the options of the edit that are said."""
        aside = {"effect", "format", "keep_location", "mark"}
        return self.model_dump(exclude=aside, exclude_none=True)


@dataclass(frozen=True)
class Sent:
    """A body: its fields as they came, and its files by name.

    Attributes:
        fields: All but pictures.
        files: Pictures by the names of `FILES`.
        kept: Id of a picture that was sent before, instead of a file.
    """

    fields: dict[str, Any]
    files: dict[str, bytes]
    kept: str | None = None

    def file(self, name: str) -> bytes:
        """Return a file that must be there; raises FieldError without it."""
        if name not in self.files:
            raise FieldError(name, f"there is no {name}", f"Send one as the field '{name}'.")
        return self.files[name]

    def edit(self) -> EditFields:
        """Return the fields of an edit; raises FieldError for the first that is wrong."""
        try:
            return EditFields.model_validate(self.fields)
        except ValidationError as error:
            raise _wrong(error) from error

    def fingerprint(self) -> bytes:
        """Return what tells this body from others."""
        said = [self.fields, self.kept]
        digest = hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode())
        for name in sorted(self.files):
            digest.update(name.encode() + hashlib.sha256(self.files[name]).digest())
        return digest.digest()


def _wrong(error: ValidationError) -> FieldError:
    """Return what is wrong with the first wrong field, in words of the API."""
    first = error.errors()[0]
    field, kind = str(first["loc"][0])[:40], first["type"]
    if kind == "missing":
        return FieldError(field, f"there is no {field}", "Send a name from /v1/effects as the field 'effect'.")
    if kind == "extra_forbidden":
        known = [*FILES, *EditFields.model_fields]
        return FieldError(field, f"there is no field '{field}'", nearest(field, dict.fromkeys(known)))
    said = str(error.errors()[0]["input"])
    return FieldError(field, f"{field} '{said:.40}' is not {_KINDS.get(field) or _kind(field)}")


def _kind(field: str) -> str:
    """Return what a field takes, in words."""
    taken = get_args(EditFields.model_fields[field].annotation) or (EditFields.model_fields[field].annotation,)
    return next(words for kind, words in _WORDS_OF_KINDS.items() if kind in taken)


_WORDS_OF_KINDS: Final = {float: "a number", int: "a whole number", bool: "true or false", str: "text"}
_KINDS: Final = {
    "guidance": "three numbers, such as 3,2,4",
    "face": "largest, all, a number from the left, or X,Y",
    "variables": 'a JSON object of texts, such as {"subject": "woman"}',
}


async def drained(request: Request) -> None:
    """Read a body that nobody wants, so that the client, which sends it first, gets to read the answer."""
    with anyio.move_on_after(_SECONDS):
        async for _ in request.stream():
            pass


async def read_body(request: Request, limit: int) -> Sent:
    """Read a multipart form or a JSON object.

    Args:
        request: The request.
        limit: Bytes of a JSON text.

    Raises:
        FieldError: A field that makes no sense.
        ProblemError: Neither of both, or a body that takes too long.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        with anyio.fail_after(_SECONDS):
            if kind == "multipart/form-data":
                return await _form(request)
            if kind == "application/json":
                return _object(await request.body(), limit)
            if kind == "application/x-www-form-urlencoded":  # what programs send of themselves where no file goes along
                return _sorted_out(_pairs(await request.body()), {})
    except TimeoutError as error:
        raise ProblemError(408, f"The request took more than {_SECONDS} s to arrive.") from error
    raise ProblemError(415, "Send multipart/form-data or application/json.")


async def _form(request: Request) -> Sent:
    fields: dict[str, Any] = {}
    files: dict[str, bytes] = {}
    try:
        form = request.form(max_files=len(FILES), max_fields=_MOST_FIELDS, max_part_size=_LONGEST_TEXT)
        async with form as parts:
            for name, value in parts.multi_items():
                if name in fields or name in files:
                    raise FieldError(name, f"the field '{name:.40}' came twice", "Send it once.")
                if isinstance(value, UploadFile) and name in FILES:
                    files[name] = await value.read()
                elif isinstance(value, UploadFile):
                    raise FieldError(name, f"the field '{name:.40}' is no file", f"Files are {', '.join(FILES)}.")
                else:
                    fields[name] = value
    except HTTPException as error:
        raise ProblemError(error.status_code, f"The form cannot be read: {error.detail}") from error
    return _sorted_out(fields, files)


def _pairs(body: bytes) -> dict[str, Any]:
    """Return the fields of a form without files."""
    try:
        if len(body) > _LONGEST_TEXT:
            raise ValueError
        pairs = parse_qsl(body.decode("ascii"), max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise ProblemError(400, "The form cannot be read, or is too long.") from error
    fields = dict(pairs)
    if len(fields) < len(pairs):
        name = next(name for name, value in pairs if fields[name] != value or pairs.count((name, value)) > 1)
        raise FieldError(name, f"the field '{name:.40}' came twice", "Send it once.")
    return fields


def _sorted_out(fields: dict[str, Any], files: dict[str, bytes]) -> Sent:
    """Refuse texts where pictures belong, and take empty texts of forms as not said."""
    fields = {name: value for name, value in fields.items() if value != ""}
    kept = _kept(fields)
    for name in FILES:
        if name in fields and not (name == "draft" and fields[name] in _WORDS):
            raise FieldError(name, f"the {name} came as text", "Send it as a file.")
    if kept is not None and "picture" in files:
        raise FieldError("picture", "the picture came twice", "Send a file, or the id of one that was sent before.")
    return Sent(fields, files, kept)


def _kept(fields: dict[str, Any]) -> str | None:
    """Take the id of a picture out of fields, if it is one: no picture is as short, in base64 or not."""
    said = fields.get("picture")
    return fields.pop("picture") if isinstance(said, str) and _ID.fullmatch(said) else None


def _object(body: bytes, limit: int) -> Sent:
    try:
        text = body.decode("utf-8")
        fields = parse_object(text, "the body", Rules("Send a JSON object.", bytes=limit, depth=8))
    except UnicodeDecodeError as error:
        raise ProblemError(400, "The body is not UTF-8.") from error
    except StillYouError as error:
        raise ProblemError(400, f"{str(error).replace('is damaged: it ', '')}") from error
    files: dict[str, bytes] = {}
    kept = _kept(fields)
    for name in FILES:
        if name in fields and not (name == "draft" and fields[name] in (*_WORDS, None)):
            if (value := fields.pop(name)) is not None:
                files[name] = _base64(name, value)
    return Sent(fields, files, kept)


def _base64(name: str, value: Any) -> bytes:
    if not isinstance(value, str):
        raise FieldError(name, f"the {name} is no text", "Send the file's bytes in base64.")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FieldError(name, f"the {name} is not base64", "Send the file's bytes in base64.") from error
