"""What a training run is made of: typed settings, and the recipes that ship with the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import Field, JsonValue, field_validator, model_validator

from stillyou.config import Strict, load_toml
from stillyou.diffusion.conditions import Branch
from stillyou.diffusion.network import Architecture
from stillyou.errors import UsageError, nearest
from stillyou.pairs.teachers.protocol import TeacherConfig
from stillyou.pairs.teachers.registry import configure, teacher_kinds

Precision = Literal["auto", "fp32", "bf16", "fp16"]
Stage = Literal["render", "autoencoder", "editor"]
STAGES: tuple[Stage, ...] = ("render", "autoencoder", "editor")


class TeacherSettings(Strict):
    """What one teacher gives to the pairs of a run."""

    share: float = Field(1.0, gt=0)
    """Part of the samples that its pairs get; shares are relative to those of the other teachers."""
    time: float = Field(1.0, gt=0)
    """Part of the stage's budget; what one teacher leaves goes to the later ones."""
    candidates: int | None = Field(None, ge=1)
    """Candidates an effect; None takes the stage's."""
    options: dict[str, JsonValue] = {}
    """What the teacher is told besides the size, as its config has it: backgrounds, styles ..."""


class RenderSettings(Strict):
    """The render stage: studio pairs made on this machine."""

    effects: str = "all,neutral"
    """As for `stillyou pairs make -e`."""
    candidates: int = Field(6000, ge=1)
    """Candidates an effect; a budget may end the stage earlier."""
    workers: int = Field(0, ge=0)
    """Processes; 0 is one a core."""
    teachers: dict[str, TeacherSettings] = Field({"cartoon": TeacherSettings()}, min_length=1)
    """Who makes pairs, in this order."""

    @field_validator("teachers")
    @classmethod
    def _teachers_are_known(cls, teachers: dict[str, TeacherSettings]) -> dict[str, TeacherSettings]:
        for name, settings in teachers.items():
            if name not in teacher_kinds():
                raise ValueError(f"unknown teacher '{name}'; there are: {', '.join(teacher_kinds())}")
            configure(name, settings.options)
        return teachers

    def teacher(self, kind: str, size: int) -> TeacherConfig:
        """Return the config of a teacher whose pictures have a side in pixels."""
        return configure(kind, {**self.teachers[kind].options, "size": size})

    def goal(self, teacher: str) -> int:
        """Return the candidates an effect that a teacher is asked for."""
        return self.teachers[teacher].candidates or self.candidates


class Optimisation(Strict):
    """How weights move; shared by both trained stages.

    With f the progress of a run in [0, 1] and k the step, the learning rate is
    rate · min(1, (k+1) / warmup_steps) · (final + (1 - final) · min(1, (1-f) / (1-decay_from))).
    """

    batch: int = Field(ge=1)
    """Samples a step, over all processes."""
    learning_rate: float = Field(gt=0, le=1)
    weight_decay: float = Field(0.01, ge=0, le=1)
    warmup_steps: int = Field(300, ge=1)
    decay_from: float = Field(0.5, ge=0, lt=1)
    final: float = Field(0.02, ge=0, le=1)
    clip: float = Field(1.0, gt=0)
    """Largest norm of the gradient over all trained parameters together."""
    ema_decay: float = Field(0.9995, ge=0, lt=1)
    """Of the averaged weights; 0 keeps no average and saves its memory."""
    accumulation: int = Field(1, ge=1)
    """Parts that a step's batch is worked through in: memory of one part, result of the whole."""
    eight_bit: bool = False
    """AdamW's moments in 8 bits (bitsandbytes): a quarter of their memory."""


class AutoencoderSettings(Optimisation):
    """The autoencoder stage."""

    batch: int = Field(64, ge=1)
    learning_rate: float = Field(1e-3, gt=0, le=1)
    weight_decay: float = Field(1e-3, ge=0, le=1)
    warmup_steps: int = Field(200, ge=1)
    decay_from: float = Field(0.0, ge=0, lt=1)
    final: float = Field(0.05, ge=0, le=1)
    ema_decay: float = Field(0.99, ge=0, lt=1)
    latent_noise: float = Field(0.05, ge=0)
    """Deviation of the noise that makes latents tolerant."""
    pictures: int = Field(16384, ge=1)
    """Pictures held in memory; more than a budget can show teach nothing."""
    squares: float = Field(0.5, ge=0)
    """q, what the squared error weighs beside the absolute one."""
    crop: int | None = Field(None, ge=32, multiple_of=8)
    """Side of crops around the edits, in pixels; None learns whole pictures."""
    edit_weight: float = Field(4.0, ge=0)
    """λ, crops only: what an edit changes weighs 1 + λ."""
    made_up: float = Field(0.15, ge=0, lt=1)
    """Share of samples, crops only, that are pictures of no studio: shapes, text, gradients, texture."""
    photographs: str | None = None
    """Folder, crops only, whose pictures are taken among those of no studio."""


class BranchShares(Strict):
    """How often each branch is trained (docs/reference/model.md, Consistent null conditions)."""

    none: float = Field(0.08, ge=0, le=1)
    text: float = Field(0.08, ge=0, le=1)
    image: float = Field(0.08, ge=0, le=1)
    image_source: float = Field(0.08, ge=0, le=1)
    full: float = Field(0.68, ge=0, le=1)
    source: float = Field(0.0, ge=0, le=1)
    source_text: float = Field(0.0, ge=0, le=1)
    image_text: float = Field(0.0, ge=0, le=1)

    @model_validator(mode="after")
    def _sum_is_one(self) -> BranchShares:
        if abs(sum(self.by_branch().values()) - 1) > 1e-6:
            raise ValueError("the shares of the branches must add up to 1")
        return self

    def by_branch(self) -> dict[Branch, float]:
        """Return the shares in the order of `Branch`."""
        return {branch: getattr(self, branch.name.lower()) for branch in Branch}


class EditWeights(Strict):
    """λ of the edit-weighted loss by effect group, and where a latent counts as changed (docs/reference/model.md)."""

    expression: float = Field(10.0, ge=0)
    costume: float = Field(3.0, ge=0)
    other: float = Field(3.0, ge=0)
    threshold: float = Field(0.15, gt=0)


class LoraSettings(Strict):
    """Low-rank updates W + (alpha / rank) B A of the UNet's attention and input; the adapter is trained whole."""

    rank: int = Field(64, ge=1, le=1024)
    alpha: float | None = Field(None, gt=0)
    """None takes the rank, so that the update is B A as it is."""
    merge: bool = False
    """Also write `run/model`, the base with the update merged in."""


class EditorSettings(Optimisation):
    """The editor stage."""

    batch: int = Field(256, ge=1)
    learning_rate: float = Field(4e-4, gt=0, le=1)
    branches: BranchShares = BranchShares()
    reconstruction: float = Field(0.08, ge=0, le=1)
    """Share of samples that become source prompt -> source picture."""
    edit_weights: EditWeights = EditWeights()
    released_nulls: bool = False
    """Train with the release's values of absent conditions, which inference does not have; for comparisons alone."""
    copies: int = Field(2, ge=1, le=16)
    """Encoded copies of each pair; the first is as rendered, the others are augmented."""
    studio_share: float = Field(0.5, ge=0, lt=1)
    """Fine-tuning only: share of studio pairs among the samples, so that nothing is forgotten."""
    frozen_encoders: bool = False
    """Leave text and image encoder as they are and keep what they say in the cache."""
    posterior: Literal["mean", "sample"] = "mean"
    """Latents of a KL autoencoder: its mean, or a sample for every use of a picture; frozen encoders only."""
    top: float = Field(0.0, ge=0, lt=1)
    """Share of samples at the highest noise level, where an edit's composition is decided; the others are uniform."""
    own_answers: float = Field(0.0, ge=0, le=1)
    """Share of those others that are made of the model's own answer instead of the truth, as are the states of a
    sampler that takes few steps and adds fresh noise after each (`ddpm`)."""
    drafts: float = Field(0.0, ge=0, le=1)
    """Share of those others, with all conditions, that are made of the pair's draft, the costume's art where the fit
    network lays it on the source; of pairs that name no design, of the truth."""
    strengths: bool = False
    """Whether the text tokens of expression pairs lie between those of both prompts, by the strength that the pair says
    its target has (`conditions.between`); others have the target prompt's."""
    min_snr: float | None = Field(None, gt=0)
    """γ of min-SNR weighting (docs/reference/training.md); None weighs all noise levels alike."""
    lora: LoraSettings | None = None
    """Train low-rank updates of the UNet instead of its weights; frozen encoders only."""
    gradient_checkpointing: bool = False
    """Compute activations twice instead of keeping them: one forward pass more a step, a fraction of the memory."""
    compile: bool = False
    """Compile the UNet with torch.compile: minutes at the start, faster steps after."""
    shard: bool = False
    """Share weights, gradients, moments and average among processes; training of all weights only."""
    channels_last: bool = False
    """Memory format of the UNet's convolutions."""

    @model_validator(mode="after")
    def _needs_frozen_encoders(self) -> EditorSettings:
        if not self.frozen_encoders and (self.lora is not None or self.posterior == "sample"):
            raise ValueError("lora and posterior = 'sample' need frozen_encoders = true")
        if self.shard and (self.lora or self.eight_bit or self.compile or not self.frozen_encoders):
            raise ValueError("shard needs frozen_encoders = true, and neither lora, eight_bit nor compile")
        if self.released_nulls and self.frozen_encoders:
            raise ValueError("released_nulls needs frozen_encoders = false")
        if (self.own_answers or self.drafts) and (self.frozen_encoders or self.min_snr is not None):
            raise ValueError("own_answers and drafts are for small models: frozen_encoders = false, and no min_snr")
        return self


class TrainingConfig(Strict):
    """A whole run. Durations are minutes or steps; a run ends at whichever limit comes first."""

    name: str = "custom"
    seed: int = Field(0, ge=0, lt=2**63)
    precision: Precision = "auto"
    budget_minutes: float | None = Field(None, gt=0)
    """For all stages asked for, together."""
    steps: int | None = Field(None, ge=1)
    """For each trained stage; without a budget the run is exactly reproducible."""
    architecture: Architecture = Architecture()
    render: RenderSettings = RenderSettings()
    autoencoder: AutoencoderSettings = AutoencoderSettings()
    editor: EditorSettings = EditorSettings()
    start: str | None = None
    """A model (name, folder or hub id) whose weights both stages start from; None is random weights. Autoencoder and
    editor are both trained on, unlike in fine-tuning. Its networks are those of the architecture, but that another
    autoencoder may be asked for: that is new then."""
    resolution: int | None = Field(None, ge=64, multiple_of=64)
    """Side of the pictures a base is trained at; None takes the base's own."""
    held_back: int = Field(64, ge=0)
    """Pairs that are never trained on and serve validation."""
    checkpoint_minutes: float = Field(3.0, gt=0)
    checkpoint_steps: int | None = Field(None, ge=1)
    validate_minutes: float = Field(5.0, gt=0)

    @model_validator(mode="after")
    def _details_are_given(self) -> TrainingConfig:
        if self.architecture.detail_channels and self.start is None:
            raise ValueError(
                "detail_channels needs a start that has them: python -m stillyou.training.details gives them"
            )
        return self


def recipes() -> dict[str, Path]:
    """Return the shipped recipes by name."""
    folder = Path(str(files("stillyou.training") / "recipes"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def load_recipe(name: str) -> TrainingConfig:
    """Load a shipped recipe.

    Raises:
        UsageError: There is no recipe of that name; the message names the nearest.
    """
    known = recipes()
    if name not in known:
        raise UsageError(f"there is no recipe '{name}'", f"{nearest(name, known)} A file of your own: --config my.toml")
    return load_toml(known[name], TrainingConfig)
