"""Expressions: drawn in the face's own ink, and from noise: which sampler, steps, guidance, maps, close up or not.

    python -m stillyou.bench.expressions [--split unseen-characters] [-n 32] [--size 512] [--effects angry ...]
        [--ways default "whole square" ...] [--model embedded] [--sheet FILE.png] [--json] [-o FILE]

Every way edits the same pictures with the same noise through the evaluation of `stillyou evaluate`; the table is that
of `bench.drafts`. `default` is what users get, `noise` the model's own drawing; the others differ from that as their
names say. The file of `-o` is written again after each way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from stillyou.bench import command
from stillyou.bench.drafts import Recorder, lines, measure
from stillyou.config import UNGUIDED, GuidanceScales, SchedulerName
from stillyou.console import console
from stillyou.diffusion.schedule import make_scheduler
from stillyou.diffusion.speed.settings import SpeedSettings
from stillyou.editing.editor import Editor
from stillyou.editing.result import EditResult
from stillyou.effects.domains import Domain
from stillyou.effects.lookup import catalogue
from stillyou.effects.settings import PartialMask
from stillyou.evaluation.judge.classifier import SHIPPED, Judge
from stillyou.evaluation.known_truth.benchmark import Example
from stillyou.evaluation.known_truth.settings import Batch, Settings, Start
from stillyou.evaluation.known_truth.splits import SPLITS, domain_of
from stillyou.files import write_json


@dataclass(frozen=True)
class Way:
    """How expressions are drawn; None is the default.

    Attributes:
        sampler: By name.
        steps: Steps from noise.
        guidance: Scales of the three terms.
        share: Of the steps that evaluate all branches, from the first; the later ones keep their guidance.
        maps: Of the mask.
        close_up: Whether the face gets a square of its own.
        draft: ``auto`` draws with the face's own features, ``none`` is the model's own drawing, from noise.
    """

    sampler: SchedulerName | None = None
    steps: int | None = None
    guidance: GuidanceScales | None = None
    share: float = 1.0
    maps: int | None = None
    close_up: bool | None = None
    draft: Start = "none"


_THREE = GuidanceScales(image=1.3, source=1.0, text=3.0)
EXPRESSIONS = tuple(effect.id for effect in catalogue().values() if effect.group == "expression" and effect.offered)
WAYS: dict[str, Way] = {
    "default": Way(draft="auto"),
    "noise": Way(),
    "whole square": Way(close_up=False),
    "unipc": Way("unipc"),
    "sde-dpm++": Way("sde-dpm++"),
    "8 steps, unguided": Way(steps=8, guidance=UNGUIDED),
    "6 steps, 2 guided": Way(steps=6, share=0.34),
    "5 steps, 1 map": Way(steps=5, maps=1),
    "ddpm, 20 steps, 10 maps, all branches": Way("ddpm", 20, _THREE, maps=10, close_up=False),
    "unipc, 20 steps, 10 maps, all branches": Way("unipc", 20, _THREE, maps=10, close_up=False),
}


class ExpressionSubject(Recorder):
    """A subject that draws expressions in one way.

    Args:
        editor: The editor; its sampler and speed are replaced.
        domain: What the pictures show.
        way: How it draws.
    """

    def __init__(self, editor: Editor, domain: Domain, way: Way) -> None:
        super().__init__(editor, domain)
        pipeline, self.way = editor.pipeline, way
        pipeline.scheduler = make_scheduler(way.sampler or pipeline.card.sampler or "unipc", pipeline.scheduler)
        pipeline.speed = SpeedSettings(guidance_share=way.share)

    def edit(self, batch: Batch) -> list[EditResult]:
        """Edit a batch in its way."""
        effect, way = batch.effect, self.way
        said = effect.mask or PartialMask()
        maps = said.maps if way.maps is None else way.maps
        close_up = effect.close_up if way.close_up is None else way.close_up
        changed = {"mask": said.model_copy(update={"maps": maps}), "close_up": close_up}
        return super().edit(replace(batch, effect=effect.model_copy(update=changed)))


def main() -> None:
    """Print a table in Markdown."""
    parser = command.ways_parser(__doc__, SPLITS, WAYS)
    parser.add_argument("--effects", nargs="+", choices=EXPRESSIONS, default=list(EXPRESSIONS))
    options = parser.parse_args()
    from stillyou.bench.draft_sheet import save_sheet
    from stillyou.evaluation.known_truth.splits import cases

    editor, judge = Editor.from_pretrained(options.model, options.device), Judge.from_folder(SHIPPED)
    domain = domain_of(options.split)
    effects = [effect for effect in Recorder(editor, domain).effects() if effect.id in options.effects]
    pairs = {effect.id: list(cases(effect, options.split, options.n, size=options.size)) for effect in effects}
    figures: dict[str, Any] = {"split": options.split, "n": options.n, "size": options.size, "rows": [], "beside": {}}
    examples: dict[str, list[Example]] = {}
    for name in options.ways:
        way = WAYS[name]
        settings = Settings(steps=way.steps, guidance=way.guidance, draft=way.draft)
        found = measure(name, ExpressionSubject(editor, domain, way), settings, judge, options.split, pairs)
        figures["rows"] += found.rows
        figures["beside"] = found.beside
        examples[name] = found.examples
        console.print(f"{name}: {found.rows[0]['seconds']:.2f} s an edit", markup=False)
        if options.output is not None:
            write_json(options.output, command.document(figures))
        if options.sheet is not None:
            save_sheet(examples, options.sheet)
    command.tell(options, figures, lines(figures["rows"], figures["beside"]))


if __name__ == "__main__":
    main()
