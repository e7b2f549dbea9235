"""What a teacher is: a typed config that says what it needs, and builds what makes pairs in batches.

config = PeopleConfig(size=256, backgrounds=folder)     # typed, frozen, recorded by datasets word for word
config.needs.check()                                    # libraries, or which extra installs them
teacher = config.build(device="auto")                   # loads, opens a renderer; once in each worker
pairs = teacher.make([PairRequest(effect, seed), ...])  # one pair for each request, in their order
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, get_args

from pydantic import Field, JsonValue

from stillyou.config import Strict
from stillyou.effects.domains import Domain
from stillyou.effects.spec import EffectSpec
from stillyou.errors import UsageError, requires
from stillyou.pairs.pair import Pair


@dataclass(frozen=True)
class PairRequest:
    """One candidate that is asked for.

    Attributes:
        effect: What the target shows.
        seed: 0 to 2**63 - 1; every random choice follows from it.
        index: Number of the candidate in its dataset, from 0. A teacher that edits sources which the user brings takes
            the source of this number, counted round; others have no use for it.
    """

    effect: EffectSpec
    seed: int
    index: int = 0


class Teacher(Protocol):
    """Makes pairs, each from its request and from nothing else: not from its batch, nor from what was made before.

    On a GPU the bits of a pair may follow from the composition of its batch, so batches are composed by key range.
    """

    @property
    def licences(self) -> Mapping[str, str]:
        """Licence and author of each source of art that pairs may show."""
        ...

    @property
    def shares_sources(self) -> bool:
        """Whether the subject follows from seed and index alone, so that all effects of an index share their source.

        Such teachers are asked for all effects of one index one after another, with one seed.
        """
        ...

    @property
    def batch_size(self) -> int:
        """How many requests it wants at a time; it must cope with fewer."""
        ...

    def make(self, requests: Sequence[PairRequest]) -> list[Pair]:
        """Make one candidate for each request, in their order.

        Raises:
            UsageError: The teacher cannot show one of the effects.
        """
        ...


class OneByOne(ABC):
    """A teacher that makes pairs one after another: what it says in `pair` is all there is to it."""

    batch_size = 1

    @abstractmethod
    def pair(self, effect: EffectSpec, seed: int) -> Pair:
        """Make one candidate; see `Teacher.make`."""

    def make(self, requests: Sequence[PairRequest]) -> list[Pair]:
        """Make a batch; see `Teacher.make`."""
        return [self.pair(request.effect, request.seed) for request in requests]


@dataclass(frozen=True)
class Needs:
    """What a teacher needs of the machine, besides a core for each worker.

    Attributes:
        extra: The extra of the package that installs the libraries.
        libraries: Modules that must be there.
        egl: OpenGL through EGL: a graphics driver, or Mesa.
        gpu: A device of torch's; such a teacher works in one process, and batches take the place of workers.
        memory: Megabytes that one worker takes at 256 px, measured; 0 is unknown.
    """

    extra: str = ""
    libraries: tuple[str, ...] = ()
    egl: bool = False
    gpu: bool = False
    memory: int = 0

    def check(self) -> None:
        """Raise StillYouError, with the command that installs them, if libraries are missing."""
        requires(self.extra, *self.libraries)


class TeacherConfig(Strict):
    """Options of one kind of teacher; subclasses set ``kind``, ``domain`` and `needs`, and add options of their own."""

    kind: str
    """What datasets record as the teacher, and what ``--teacher`` calls it."""
    domain: Domain
    """What the pictures show."""
    size: int = Field(256, ge=1)
    """Side of the square pictures in pixels."""

    needs: ClassVar[Needs] = Needs()
    studio: ClassVar[bool] = False
    """Whether it draws from nothing but seeds, with the truth known: training renders such pairs by itself."""
    later: ClassVar[frozenset[str]] = frozenset({"designs", "strengths"})
    """Options that came after the first datasets of their kind."""

    @classmethod
    def domains(cls) -> tuple[Domain, ...]:
        """Return what teachers of this kind can show."""
        return get_args(cls.model_fields["domain"].annotation)

    def recorded(self) -> dict[str, JsonValue]:
        """Return the options as datasets keep them: `later` ones only where chosen, so that old datasets go on."""
        whole: dict[str, JsonValue] = self.model_dump(mode="json")
        added = {name for name in self.later & whole.keys() if whole[name] == type(self).model_fields[name].default}
        return {name: value for name, value in whole.items() if name not in added}

    def contents(self) -> dict[str, str]:
        """Say in a few words what lies in the folders and files that options name, by option.

        Datasets keep it, so that one is never continued with other files under the same name.

        Raises:
            UsageError: There is no such folder, or nothing of use in it.
            StillYouError: It cannot be read.
        """
        return {}

    def prepare(self) -> str:
        """Make sure, before any worker starts, that the machine has what the teacher needs; loads no more than that.

        Returns:
            What was found, in words for the user, or an empty string.

        Raises:
            StillYouError: A library is not installed, or there is nothing to draw with.
        """
        self.needs.check()
        return ""

    def check_effects(self, effects: Sequence[EffectSpec]) -> None:
        """Refuse, before any work, effects of equal prompts, and what the teacher knows that it cannot show.

        Raises:
            UsageError: An effect that it cannot show, and why.
        """
        for effect in effects:
            prompts = effect.for_domain(self.domain).prompts()
            if prompts.source == prompts.target:
                what = f"effect '{effect.id}' has the same prompt for source and target"
                raise UsageError(what, "Say in one what differs.")

    def build(self, device: str = "auto") -> Teacher:
        """Build the teacher.

        Args:
            device: ``auto``, ``cpu``, ``cuda`` ...; the teacher's own choice unless it needs a GPU.

        Raises:
            UsageError: An option out of range.
            StillYouError: Something that the teacher needs is not here.
        """
        raise NotImplementedError
