"""What an effect is: the one record of it, in the catalogue, users' files, datasets, training runs and model cards.

An effect is one named edit (docs/reference/effects.md). Its two prompt templates describe the portrait before and
after; placeholders such as ``{subject}`` are filled from `EffectSpec.variables` or from the command line
(``--var subject=woman``). A record holds what it says and nothing else: settings that it does not say are its group's
(`EffectSpec.defaults`), and None stays None wherever the record travels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import Field, ValidationInfo, field_validator

from stillyou.config import Strict
from stillyou.effects.bands import Band
from stillyou.effects.conditions import Conditions
from stillyou.effects.designs import Design, designs
from stillyou.effects.domains import SUBJECTS, Domain
from stillyou.effects.groups import GROUPS, Group
from stillyou.effects.settings import Defaults, PartialGuidance, PartialMask, Tuning, resolve
from stillyou.errors import UsageError, nearest

_PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)\}")
_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Prompts:
    """The two prompts of an edit, with every placeholder filled."""

    source: str
    target: str


class EffectSpec(Strict):
    """One effect: prompts, what it keeps, and settings where they differ from its group's."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    """The name used in commands and datasets: small letters, digits, ``-`` and ``_``."""
    title: str = Field(min_length=1, max_length=80)
    """What people read in tables."""
    group: Group
    """Costumes change much of a picture and expressions little: losses, curation and default settings go by group."""
    order: int = Field(100, ge=0)
    """Place in tables and datasets, smallest first; the catalogue's are 1, 2, ..., and new ones come last."""
    offered: bool = True
    """Whether people are shown it; `neutral` only teaches the model the way back to a calm face."""
    variables: dict[str, str] = {"subject": "cartoon character"}
    """Placeholders and their defaults. Declared before the templates, whose validation reads it."""
    source_prompt: str = Field(min_length=1, max_length=300)
    """Template of the portrait as it is."""
    target_prompt: str = Field(min_length=1, max_length=300)
    """Template of the portrait after the edit."""
    keeps: list[str] = Field(min_length=1)
    """What the edit must leave alone, in words for people."""
    instruction: str | None = Field(None, min_length=1, max_length=300)
    """What an instruction editor is told; None makes a sentence of `title` and `keeps`."""
    guidance: PartialGuidance | None = None
    """Scales that differ from the group's."""
    mask: PartialMask | None = None
    """Mask settings that differ from the group's."""
    strength: float | None = Field(None, ge=0, le=1)
    """Default intensity: 0 = the input, 1 = the full effect (docs/reference/effects.md)."""
    refine: float | None = Field(None, ge=0, le=1)
    """How far sampling goes back from the effect's own art: 0 = the art as it is drawn, 1 = from noise."""
    close_up: bool | None = None
    """Whether the edit is drawn in a square of its own around the mask, at the model's full resolution."""
    few_steps: int | None = Field(None, ge=1, le=1000)
    """Steps from noise that suffice a model whose card says that it needs few (`ModelCard.few_steps`)."""
    domains: dict[Domain, Tuning] = {}
    """Settings that differ in a domain."""
    curation: dict[str, Band] = {}
    """What scores of its pairs may be, by score, where they differ from the rules of curation."""
    conditions: Conditions | None = None
    """What ties a generated target to its source (`effects.conditions`); None is the group's."""

    @field_validator("variables")
    @classmethod
    def _variables_are_usable(cls, variables: dict[str, str]) -> dict[str, str]:
        for name, value in variables.items():
            if not _NAME.fullmatch(name):
                raise ValueError(f"'{name}' is no variable name (letters, digits and _)")
            _check_value(name, value)
        return variables

    @field_validator("source_prompt", "target_prompt")
    @classmethod
    def _template_is_known(cls, template: str, info: ValidationInfo) -> str:
        if re.search(r"[{}]", _PLACEHOLDER.sub("", template)):
            raise ValueError("placeholders are written {name}, and other braces are not allowed")
        known = info.data.get("variables", {})
        for name in _PLACEHOLDER.findall(template):
            if name not in known:
                raise ValueError(f"unknown placeholder {{{name}}}; declare it under 'variables' with a default")
        return template

    @field_validator("target_prompt")
    @classmethod
    def _target_differs(cls, template: str, info: ValidationInfo) -> str:
        if template == info.data.get("source_prompt"):
            raise ValueError("the target prompt equals the source prompt, so the effect would change nothing")
        return template

    @field_validator("keeps")
    @classmethod
    def _keeps_are_words(cls, keeps: list[str]) -> list[str]:
        if not all(part.strip() for part in keeps):
            raise ValueError("an empty entry")
        return keeps

    @property
    def looks(self) -> tuple[Design, ...]:
        """The designs of its art; none for effects without art."""
        return designs(self.id)

    @property
    def names_designs(self) -> bool:
        """Whether its looks have names of their own, which prompts of pairs say."""
        return bool(self.looks)

    def prompts(self, variables: Mapping[str, str] | None = None) -> Prompts:
        """Fill the templates.

        Args:
            variables: Values that replace the defaults, by name.

        Raises:
            UsageError: A variable that the effect does not have, or a value that is empty or holds braces.
        """
        chosen = self._chosen(variables or {})
        return Prompts(_fill(self.source_prompt, chosen), _fill(self.target_prompt, chosen))

    def instruct(self) -> str:
        """Return what an instruction editor is told."""
        if self.instruction is not None:
            return self.instruction
        verbs: dict[Group, str] = {"costume": "Dress the person as follows", "expression": "Change the expression"}
        verb = verbs.get(self.group, "Change the picture as follows")
        return f"{verb}: {self.title.lower()}. Keep as they are: {', '.join(self.keeps)}."

    def defaults(self, domain: Domain | None = None) -> Defaults:
        """Return the settings of an edit that asks for nothing else.

        Key by key, the first of these that says it decides: the effect for this domain, the effect, its group for this
        domain, its group. So what lies nearer to the effect wins, and of equally near ones the domain's.

        Args:
            domain: What the picture shows; None leaves out what is said of domains.
        """
        group = GROUPS[self.group]
        tuned = (self.domains.get(domain), group.domains.get(domain)) if domain is not None else (None, None)
        sayings = (tuned[0], self, tuned[1], group)
        return resolve([saying for saying in sayings if saying is not None])

    def for_domain(self, domain: Domain) -> EffectSpec:
        """Return the same effect with a domain's word for the subject, and with `defaults` for it as its own.

        A subject of the effect's own, such as "knight", stays.
        """
        settings = self.defaults(domain)
        changed: dict[str, object] = {
            "guidance": PartialGuidance.model_validate(settings.guidance),
            "mask": PartialMask.model_validate(settings.mask),
            "strength": settings.strength,
            "refine": settings.refine,
            "close_up": settings.close_up,
            "few_steps": settings.few_steps,
            "domains": {},
        }
        if self.variables.get("subject") in SUBJECTS.values():
            changed["variables"] = self.variables | {"subject": SUBJECTS[domain]}
        return self.model_copy(update=changed)

    def with_variables(self, variables: Mapping[str, str]) -> EffectSpec:
        """Return the same effect with other defaults; raises UsageError as `prompts` does."""
        return self.model_copy(update={"variables": self._chosen(variables)})

    def _chosen(self, variables: Mapping[str, str]) -> dict[str, str]:
        for name, value in variables.items():
            if name not in self.variables:
                raise UsageError(f"effect '{self.id}' has no variable '{name}'", nearest(name, self.variables))
            try:
                _check_value(name, value)
            except ValueError as error:
                raise UsageError(f"effect '{self.id}': {error}", "Give a short text, for example woman.") from error
        return {**self.variables, **variables}


def _check_value(name: str, value: str) -> None:
    if not value.strip() or re.search(r"[{}\n]", value) or len(value) > 100:
        raise ValueError(f"the value of '{name}' must be 1 to 100 characters in one line, without braces")


def _fill(template: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: values[match.group(1)], template)
