"""What is known about the released checkpoints: where they are, what they were trained on, how the demo runs them."""

from __future__ import annotations

from typing import Literal, get_args

from stillyou.config import GuidanceScales, MaskSettings
from stillyou.effects.lookup import catalogue
from stillyou.effects.settings import PartialGuidance, PartialMask
from stillyou.effects.spec import EffectSpec

Task = Literal["outfit", "cartoon"]
TASKS: tuple[Task, ...] = get_args(Task)

CHECKPOINT = "ByteDance/feature-preserve-portrait-editing"
"""Hub repository of the release."""
BASE = "stablediffusionapi/realistic-vision-v13"
"""Where the demo takes autoencoder, text encoder, tokenizer and scheduler from."""
IMAGE_ENCODER = "openai/clip-vit-base-patch32"

UNET_FILE, ADAPTER_FILE = "unet.pth", "adapter.pth"
LICENCE = (
    "CreativeML OpenRAIL-M (from the Stable Diffusion base, use restrictions included); the release's code: Apache-2.0"
)

GUIDANCE = GuidanceScales(image=3, source=2, text=4)
"""s1, s2, s3 of the demo."""
STEPS = 20
SEED = 3407
"""Seed of the global generators, which the demo draws its noise from."""

# The release's values for what it defines (strength 0.5, ten maps, ratio 3). It has no threshold: ours lies at 0.75 of
# the mean difference, which is where the threshold calibrated on other models for costumes lies (0.7).
_COSTUME_MASK = MaskSettings(strategy="noise", encode_strength=0.5, maps=10, smooth=1, ratio=3.0, threshold=0.25)
_EXPRESSION_MASK = MaskSettings(strategy="noise", encode_strength=0.5, maps=10, smooth=1, ratio=3.0, threshold=0.5)

_COSTUMES = {
    "flower": "cute flower costume",
    "santa": "santa claus costume",
    "sheep": "cute white sheep costume",
    "royal": "traditional golden palace costume",
}
_EXPRESSIONS = {name: f"{name} expression" for name in ("angry", "shocked", "laughing", "crying")}


def locations(task: Task) -> tuple[str, ...]:
    """Return the folders, relative to what the user names, that may hold a task's two files."""
    return (f"portrait_editing_models/{task}/checkpoint-200000", f"{task}/checkpoint-200000", task)


def effects(task: Task) -> tuple[EffectSpec, ...]:
    """Return the effects of a task: the catalogue's with the released prompts and scales.

    The prompts of `outfit` are the demo's. The release has none for `cartoon`: the paper's four expressions are written
    the same way. All settings are said: what our groups have was tuned on other models.
    """
    if task == "outfit":
        return tuple(_effect(name, "man", words, _COSTUME_MASK) for name, words in _COSTUMES.items())
    return tuple(_effect(name, "cartoon character", words, _EXPRESSION_MASK) for name, words in _EXPRESSIONS.items())


def _effect(name: str, subject: str, words: str, mask: MaskSettings) -> EffectSpec:
    released = {
        "source_prompt": "a {subject}",
        "target_prompt": f"a {{subject}}, {words}",
        "variables": {"subject": subject},
        "guidance": PartialGuidance.model_validate(GUIDANCE),
        "mask": PartialMask.model_validate(mask),
        "strength": 1.0,
        "domains": {},
    }
    return catalogue()[name].model_copy(update=released)
