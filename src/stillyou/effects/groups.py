"""The groups of effects, and what was tuned for each: the one place where such numbers stand.

What a group does not say has the values of `config.GuidanceScales` and `config.MaskSettings`, which are calibrated for
costumes on drawings. Mask settings are calibrated on true masks (`python -m stillyou.bench.mask_calibration`).
Expressions on drawings take 12 evaluations from noise: `python -m stillyou.bench.expressions --ways noise`,
docs/results/defaults.md.
What `python -m stillyou.evaluation.dials --write` has chosen is laid over these (`measured`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from stillyou.effects.conditions import (
    AttentionSettings,
    Conditions,
    IdentitySettings,
    NoiseSettings,
    PromptSettings,
    RegionSettings,
    RenoiseSettings,
)
from stillyou.effects.domains import DOMAINS, Domain
from stillyou.effects.measured import read_measured
from stillyou.effects.settings import PartialGuidance, PartialMask, Tuning

Group = Literal["costume", "expression", "other"]


class GroupTuning(Tuning):
    """What was tuned for a group."""

    domains: dict[Domain, Tuning] = {}
    """What is otherwise in a domain: a hat on a photograph has another mask than one on a drawing."""
    conditions: Conditions = Conditions()
    """What ties a generated target to its source; a base leaves out what it cannot do."""


_SAID: Final[Mapping[Group, GroupTuning]] = MappingProxyType(
    {
        "costume": GroupTuning(
            domains={"people": Tuning(mask=PartialMask(ratio=1.2))},
            conditions=Conditions(
                noise=NoiseSettings(),
                identity=IdentitySettings(),
                prompts=PromptSettings(cross=0.4, own=0.2),
                region=RegionSettings(),
            ),
        ),
        "expression": GroupTuning(
            guidance=PartialGuidance(image=1.0, source=1.0),  # two branches a step: the others have no weight
            mask=PartialMask(maps=2, ratio=6.0, threshold=0.6),
            few_steps=4,
            domains={
                "cartoon": Tuning(close_up=True, mask=PartialMask(ratio=4.6)),  # a face fills more of its close-up
                "people": Tuning(mask=PartialMask(encode_strength=0.7, ratio=2.5)),
            },
            conditions=Conditions(
                noise=NoiseSettings(),
                renoise=RenoiseSettings(),
                identity=IdentitySettings(),
                attention=AttentionSettings(),
                region=RegionSettings(),
            ),
        ),
        "other": GroupTuning(
            conditions=Conditions(noise=NoiseSettings(), identity=IdentitySettings(), prompts=PromptSettings())
        ),
    }
)


def _with_measured() -> Mapping[Group, GroupTuning]:
    """Return the groups with what `measured` says of them in each domain."""
    chosen = read_measured()
    return MappingProxyType(
        {
            name: group.model_copy(
                update={
                    "domains": {
                        domain: laid
                        for domain in DOMAINS
                        if (laid := chosen.tuning(name, domain).over(group.domains.get(domain, Tuning()))) != Tuning()
                    }
                }
            )
            for name, group in _SAID.items()
        }
    )


GROUPS: Final[Mapping[Group, GroupTuning]] = _with_measured()
