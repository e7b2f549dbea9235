"""/docs: the OpenAPI document as a page, made here: nothing is fetched from elsewhere, and no script runs."""

from __future__ import annotations

from html import escape
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

router = APIRouter(include_in_schema=False)
_STYLE = """
:root { color-scheme: light dark; font: 16px/1.55 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; } code, h3 { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
h3 { margin: 2rem 0 .25rem; font-size: 1rem; } h3 b { display: inline-block; min-width: 4.5rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #8884; }
"""


@router.get("/docs")
def docs(request: Request) -> Response:
    """Show what the API offers."""
    document: dict[str, Any] = request.app.openapi()
    info = document["info"]
    paths = [
        _operation(method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    schemas = [_schema(name, each) for name, each in document.get("components", {}).get("schemas", {}).items()]
    body = (
        f"<h1>{escape(info['title'])} {escape(info['version'])}: API</h1>"
        '<p>The same as a document: <a href="/openapi.json">openapi.json</a>.</p>'
        f"{''.join(paths)}<h2>Schemas</h2>{''.join(schemas)}"
    )
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="/page/icon.svg">'
    )
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head>{head}<title>stillyou: API</title><style>{_STYLE}</style></head>'
        f"<body><main>{body}</main></body></html>"
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    """Return one route: what it does, what it takes, what it answers."""
    told = escape(operation.get("description", operation.get("summary", "")))
    parts = [f"<h3><b>{method.upper()}</b> {escape(path)}</h3><p>{told}</p>"]
    if parameters := operation.get("parameters"):
        rows = [(each["name"], each["in"], each.get("description", "")) for each in parameters]
        parts.append(_table(("parameter", "in", "meaning"), rows))
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<p>Body as <code>{escape(media)}</code>:</p>{_properties(content['schema'])}")
        break  # both forms of a body have the same fields
    answers = [
        (code, each["description"], ", ".join(each.get("content", {})))
        for code, each in operation.get("responses", {}).items()
    ]
    parts.append(_table(("answer", "meaning", "type"), answers))
    return "".join(parts)


def _schema(name: str, schema: dict[str, Any]) -> str:
    return f"<h3>{escape(name)}</h3><p>{escape(schema.get('description', ''))}</p>{_properties(schema)}"


def _properties(schema: dict[str, Any]) -> str:
    required = schema.get("required", [])
    rows = [
        (name + (" *" if name in required else ""), _kind(each), each.get("description", ""))
        for name, each in schema.get("properties", {}).items()
    ]
    return _table(("field", "type", "meaning"), rows) if rows else ""


def _kind(schema: dict[str, Any]) -> str:
    """Return a property's type in a word or two."""
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"] if each.get("type") != "null")
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    return str(schema.get("format") or schema.get("type", "any"))


def _table(heads: tuple[str, ...], rows: list[tuple[str, str, str]]) -> str:
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    body = "".join(
        "<tr>"
        + "".join(
            f"<td>{f'<code>{escape(cell)}</code>' if k == 0 else escape(cell)}</td>" for k, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
