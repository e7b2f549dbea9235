"""Pairs from an instruction editor: the user's portrait, and what the editor made of it, laid over it again.

Editors scale, shift and recolour what they should keep. An output is registered to its source by what did not change;
one that cannot be is refused, with the residual that was measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from stillyou.draws import generator, stable_seed
from stillyou.effects.spec import EffectSpec
from stillyou.pairs.pair import REFUSED, Attribute, Mask, Pair, Pixels
from stillyou.pairs.teachers.instruct.blended import blend
from stillyou.pairs.teachers.instruct.families import Editor
from stillyou.pairs.teachers.instruct.registering import Registration, laid, register
from stillyou.pairs.teachers.protocol import PairRequest
from stillyou.pairs.teachers.sources.crops import draw_crop
from stillyou.pairs.teachers.sources.refused import refused
from stillyou.pairs.teachers.sources.sitter import Sitter, Unusable, sit
from stillyou.pairs.teachers.sources.square import part
from stillyou.pairs.teachers.sources.store import Kept

KIND = "instruct"
UNREGISTERED = "the output could not be laid over its source"
LICENCES = {
    "portraits": "those of the pictures that the user gave; stillyou does not know them",
    "editor": "that of the editor's weights, which may restrict what its outputs are used for",
}


class InstructTeacher:
    """Has portraits edited by instruction.

    Args:
        editor: A loaded editor.
        files: The portraits.
        size: Side of the square pictures.
        batch: Pairs at a time.
    """

    shares_sources = True
    licences: Mapping[str, str] = LICENCES

    def __init__(self, editor: Editor, files: Sequence[Path], size: int, batch: int) -> None:
        self.editor, self.size, self.batch_size = editor, size, batch
        self._seen: Kept[Sitter | Unusable] = Kept(files, lambda path: sit(path, size), lambda s: s.pixels.nbytes)

    def make(self, requests: Sequence[PairRequest]) -> list[Pair]:
        """Make a batch; see `Teacher.make`."""
        found = [self._seen.get(request.index) for request in requests]
        usable = [k for k, each in enumerate(found) if isinstance(each, Sitter)]
        squares = {k: self._square(found[k], requests[k].seed) for k in usable}
        outputs = self._outputs(squares, requests)
        return [
            self._pair(request, found[k], squares[k], outputs[k]) if k in squares else _unusable(found[k], request)
            for k, request in enumerate(requests)
        ]

    def _square(self, sitter: Sitter | Unusable, seed: int) -> Pixels:
        assert isinstance(sitter, Sitter)
        crop = draw_crop(sitter, generator(KIND, seed, "crop"))
        square = part(sitter.pixels, crop.left, crop.top, crop.share, self.size)
        return np.ascontiguousarray(square[:, ::-1]) if crop.mirrored else square

    def _outputs(self, squares: Mapping[int, Pixels], requests: Sequence[PairRequest]) -> dict[int, Pixels]:
        if not squares:
            return {}
        asked = [requests[k] for k in squares]
        seeds = [stable_seed(KIND, request.seed, request.effect.id, "noise") for request in asked]
        instructions = [request.effect.instruct() for request in asked]
        return dict(zip(squares, self.editor.edit(list(squares.values()), instructions, seeds), strict=True))

    def _pair(self, request: PairRequest, sitter: Sitter | Unusable, source: Pixels, output: Pixels) -> Pair:
        found = register(source, output)
        over, there = laid(output, found, self.size)
        target, mask = blend(source, over, there)
        attributes: dict[str, Attribute] = {"portrait": sitter.name, **_told(request.effect, found)}
        if not found.registered:
            attributes[REFUSED] = UNREGISTERED
            target, mask = over, np.full(mask.shape, 255, np.uint8)
        return _paired(request, source, target, mask, attributes)


def _told(effect: EffectSpec, found: Registration) -> dict[str, Attribute]:
    return {
        "instruction": effect.instruct(),
        "registered_scale": round(found.scale, 4),
        "registered_right": round(found.right, 4),
        "registered_down": round(found.down, 4),
        "registration_residual": round(found.residual, 3),
    }


def _paired(
    request: PairRequest, source: Pixels, target: Pixels, mask: Mask, attributes: Mapping[str, Attribute]
) -> Pair:
    prompts = request.effect.for_domain("people").prompts()
    return Pair(
        source=source,
        target=target,
        mask=mask,
        source_prompt=prompts.source,
        target_prompt=prompts.target,
        effect=request.effect.id,
        teacher=KIND,
        seed=request.seed,
        attributes=attributes,
        domain="people",
    )


def _unusable(found: Sitter | Unusable, request: PairRequest) -> Pair:
    assert isinstance(found, Unusable)
    return refused(found, request.effect, request.seed, KIND, "people")
