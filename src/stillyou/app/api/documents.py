"""What the API says of edits and effects, as JSON."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from stillyou.app.api.problems import Problem, of_failure
from stillyou.app.service import JobView, Seen, Service, State
from stillyou.editing.result import FaceReport
from stillyou.effects.spec import EffectSpec

EDITS = "/v1/edits"


class Links(BaseModel):
    """Addresses of an edit, relative to the server."""

    self: str
    events: str
    picture: str | None = None
    mask: str | None = None
    draft: str | None = None


class EditDocument(BaseModel):
    """An edit: how far it is, and where its results are."""

    id: str
    state: str = Field(description="queued, running, done, failed or cancelled")
    position: int | None = Field(None, description="Place in the queue, 1 = next")
    doing: str | None = Field(None, description="What it is at: looking, mask, drawing or writing")
    step: int = Field(0, description="Steps of the sampler that are done")
    steps: int = Field(0, description="Of how many; 0 while they are not known")
    seconds: float = Field(0.0, description="Since it was sent, or until it ended")
    links: Links
    recipes: dict[str, str] = Field({}, description="The same edit as a command line and as Python, when it is done")
    report: dict[str, Any] | None = Field(None, description="Settings and figures of a finished edit")
    error: Problem | None = Field(None, description="Why it failed")


class DesignDocument(BaseModel):
    """One look of an effect."""

    name: str
    words: str
    colours: dict[str, str]
    thumbnail: str | None = Field(None, description="Where its picture is, once it is drawn")


class EffectDocument(BaseModel):
    """An effect that may be asked for."""

    id: str
    title: str
    group: str
    keeps: list[str]
    designs: list[DesignDocument]
    thumbnail: str | None = None


class SeenDocument(BaseModel):
    """What a picture shows."""

    width: int
    height: int
    domain: str
    reason: str
    faces: list[FaceReport]
    notes: list[str]


def edit_document(service: Service, view: JobView) -> EditDocument:
    """Return what is said of an edit."""
    place = f"{EDITS}/{view.id}"
    links = Links(self=place, events=f"{place}/events", **{kind: f"{place}/{kind}" for kind in view.files})
    return EditDocument(
        id=view.id,
        state=view.state.value,
        position=view.position,
        doing=None if view.doing is None else view.doing.value,
        step=view.step,
        steps=view.steps,
        seconds=round(view.seconds, 3),
        links=links,
        recipes=service.recipes(service.task(view.id)) if view.state is State.DONE else {},
        report=None if view.report is None else view.report.model_dump(mode="json"),
        error=None if view.failure is None else of_failure(view.failure),
    )


def effect_document(service: Service, effect: EffectSpec) -> EffectDocument:
    """Return what is said of an effect."""
    place = f"/v1/effects/{effect.id}"

    def thumbnail(design: str | None = None) -> str | None:
        drawn = service.thumbnail(effect.id, design) is not None
        return (f"{place}/thumbnail" + (f"?design={design}" if design else "")) if drawn else None

    designs = [
        DesignDocument(name=look.name, words=look.words, colours=dict(look.colours), thumbnail=thumbnail(look.name))
        for look in effect.looks
    ]
    return EffectDocument(
        id=effect.id,
        title=effect.title,
        group=effect.group,
        keeps=list(effect.keeps),
        designs=designs,
        thumbnail=thumbnail(),
    )


def own_document(id: str, effect: EffectSpec) -> EffectDocument:
    """Return what is said of an effect of somebody's own."""
    designs = [
        DesignDocument(name=look.name, words=look.words, colours=dict(look.colours), thumbnail=None)
        for look in effect.looks
    ]
    keeps = list(effect.keeps)
    return EffectDocument(id=id, title=effect.title, group=effect.group, keeps=keeps, designs=designs, thumbnail=None)


def seen_document(seen: Seen) -> SeenDocument:
    """Return what is said of a picture."""
    return SeenDocument(
        width=seen.width,
        height=seen.height,
        domain=seen.domain,
        reason=seen.reason,
        faces=list(seen.faces),
        notes=list(seen.notes),
    )
