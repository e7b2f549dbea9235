"""What FastAPI cannot tell of the routes by itself, for the OpenAPI document."""

from __future__ import annotations

from typing import Any, Final

from stillyou.app.api.bodies import FILES, EditFields
from stillyou.app.api.documents import EditDocument

_TEXTS: Final = {
    "picture": "The portrait: PNG, JPEG, WebP, BMP, TIFF, GIF of one frame, AVIF or HEIC; or its id from /v1/pictures",
    "mask": "Where to edit: white on black, of the picture's size",
    "draft": "auto, none, or what to start from: a picture of the same size, with alpha or drawn over it",
}
_PICTURE: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}}
_MEDIA: Final = ("image/png", "image/jpeg", "image/webp", "image/tiff")


def _body(encoding: dict[str, str]) -> dict[str, Any]:
    """Return the schema of an edit's body whose pictures are texts of some format."""
    schema: dict[str, Any] = EditFields.model_json_schema()
    pictures = {name: {"type": "string", "description": _TEXTS[name], **encoding} for name in FILES}
    return {**schema, "properties": {**pictures, **schema["properties"], **pictures}, "required": ["picture", "effect"]}


def _request(form: dict[str, Any], text: dict[str, Any]) -> dict[str, Any]:
    content = {"multipart/form-data": {"schema": form}, "application/json": {"schema": text}}
    return {"requestBody": {"required": True, "content": content}}


def _one_file(encoding: dict[str, str]) -> dict[str, Any]:
    picture = {"type": "string", "description": _TEXTS["picture"], **encoding}
    return {"type": "object", "properties": {"picture": picture}, "required": ["picture"]}


EDIT: Final = _request(_body({"format": "binary"}), _body({"contentEncoding": "base64"}))
LOOK: Final = _request(_one_file({"format": "binary"}), _one_file({"contentEncoding": "base64"}))
_OWN_FIELDS: Final[dict[str, Any]] = {
    "effect": {"type": "string", "description": "The text of effect.yaml (docs/reference/own-effects.md)"},
    "art": {
        "type": "array",
        "items": {"type": "string", "format": "binary"},
        "description": "Its art: SVG, PNG or WebP, by the names of effect.yaml",
    },
    "zip": {"type": "string", "format": "binary", "description": "Instead of both: the packed folder"},
}
_OWN_FORM: Final = {"multipart/form-data": {"schema": {"type": "object", "properties": _OWN_FIELDS}}}
OWN: Final = {"requestBody": {"required": True, "content": _OWN_FORM}}
ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The edited picture, or its document if JSON is accepted",
        "content": {
            **{media: _PICTURE for media in _MEDIA},
            "application/json": {"schema": {"$ref": "#/components/schemas/EditDocument"}},
        },
    },
    202: {"description": "The edit goes on: follow Location", "model": EditDocument},
}
RESULTS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The file", "content": {media: _PICTURE for media in _MEDIA}}
}
EVENTS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "Server-sent events", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
}
