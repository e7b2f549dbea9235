"""An effect of one's own: a folder with ``effect.yaml`` and art, one file a part, placed by where things sit.

A part is anchored to a frame of the portrait's fit; its lengths are that frame's units (docs/reference/own-effects.md):

    head        origin in the middle of a hat's brim, one unit = half the brim; turns with the head
    face        origin in the middle of the face, one unit = half its width; turns with the face
    neck        origin in the middle of the collar, one unit = half the neckline
    shoulders   origin in the middle of the neckline, one unit = half the shoulders

Designs are colours that stand in the art as ``{name}``, sub-folders with files of the same names, or both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, field_validator

from stillyou.config import Strict, validate
from stillyou.effects.designs import Design
from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError, UsageError
from stillyou.untrusted.settings import read_yaml

Anchor = Literal["head", "face", "neck", "shoulders"]
Worn = Literal["hat", "coat"]
SPEC: Final = "effect.yaml"
ENDINGS: Final = (".svg", ".png", ".webp")
_USUAL: Final[dict[str, Anchor]] = {
    **dict.fromkeys(("coat", "cape", "dress", "robe", "jacket"), "shoulders"),
    **dict.fromkeys(("collar", "scarf", "tie", "necklace"), "neck"),
    **dict.fromkeys(("mask", "beard", "glasses", "moustache", "eyepatch"), "face"),
    **dict.fromkeys(("hat", "cap", "crown", "helmet", "horns", "halo"), "head"),
}
"""Where art of these names sits unless it is said, in the order in which it is drawn."""
_WIDTHS: Final[dict[Anchor, float]] = {"head": 2.5, "face": 2.0, "neck": 2.4, "shoulders": 2.4}
_MOST_PARTS, _MOST_DESIGNS = 32, 32
_COLOUR = re.compile(r"#[0-9a-fA-F]{3}(?:[0-9a-fA-F]{3})?|[a-z]{3,30}")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_PARTS_REMEDY = "Name it hat.svg or coat.svg, or list it under 'parts' with an anchor: head, face, neck or shoulders."


def _checked_colours(colours: dict[str, str]) -> dict[str, str]:
    for name, value in colours.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"'{name}' is no name of a colour (small letters, digits, - and _)")
        if not _COLOUR.fullmatch(value):
            raise ValueError(f"'{value:.40}' is no colour; write \"#rrggbb\" in quotes, or a name such as black")
    return colours


class Part(Strict):
    """One piece of art and where it sits."""

    file: str = Field(min_length=5, max_length=100)
    """An SVG, PNG or WebP file of the folder, or of each design's sub-folder."""
    anchor: Anchor | None = None
    """The frame that it is placed in; names such as ``hat.svg`` say it themselves."""
    wear: Worn | None = None
    """Whether it belongs to the hat or to the coat; by default by its anchor."""
    width: float | None = Field(None, gt=0, le=20)
    """Width of the whole file, in the anchor's units; the height follows."""
    at: tuple[Annotated[float, Field(ge=-20, le=20)], Annotated[float, Field(ge=-20, le=20)]] | None = None
    """Where the middle of the file lies: to the right and down from the anchor's origin, in its units."""
    behind: bool = False
    """Whether it lies behind head and shoulders."""
    keep_face: bool | None = None
    """Whether it leaves the face free; by default all parts do but those that are anchored to the face."""

    @field_validator("file")
    @classmethod
    def _file_is_inside(cls, file: str) -> str:
        if "\\" in file or "\0" in file or Path(file).is_absolute() or ".." in Path(file).parts:
            raise ValueError("art lies in the effect's own folder")
        if Path(file).suffix.lower() not in ENDINGS:
            raise ValueError("art is a file in .svg, .png or .webp")
        return file

    @property
    def frame(self) -> Anchor:
        """The frame that it is placed in."""
        anchor = self.anchor or _USUAL.get(Path(self.file).stem.lower())
        assert anchor is not None  # `OwnEffect` refuses others
        return anchor

    @property
    def worn(self) -> Worn:
        """What it is part of."""
        return self.wear or ("hat" if self.frame in ("head", "face") else "coat")

    @property
    def units(self) -> float:
        """Its width in the anchor's units."""
        return _WIDTHS[self.frame] if self.width is None else self.width

    @property
    def spares_face(self) -> bool:
        """Whether it leaves the face free."""
        return self.frame != "face" if self.keep_face is None else self.keep_face


class OwnDesign(Strict):
    """One look: colours that stand in the art as ``{name}``, and files in a sub-folder of the design's name."""

    words: str = Field("", max_length=100)
    colours: dict[str, str] = {}

    _colours = field_validator("colours")(_checked_colours)


class OwnEffect(EffectSpec):
    """An effect with art of its own, as its folder says it."""

    folder: Path = Field(exclude=True, repr=False)
    """Where it lies."""
    parts: tuple[Part, ...] = Field((), max_length=_MOST_PARTS)
    """From the back to the front."""
    colours: dict[str, str] = {}
    """Colours of the art by name; designs may change them."""
    designs: dict[str, OwnDesign] = Field({}, max_length=_MOST_DESIGNS)
    """Looks by name; the first is the default."""

    _colours = field_validator("colours")(_checked_colours)

    @field_validator("parts")
    @classmethod
    def _parts_are_anchored(cls, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        for part in parts:
            if part.anchor is None and Path(part.file).stem.lower() not in _USUAL:
                raise ValueError(f"'{part.file}' is anchored to nothing; add anchor: head, face, neck or shoulders")
        return parts

    @field_validator("designs")
    @classmethod
    def _designs_have_names(cls, designs: dict[str, OwnDesign]) -> dict[str, OwnDesign]:
        for name in designs:
            if not _NAME.fullmatch(name):
                raise ValueError(f"'{name}' is no name of a design (small letters, digits, - and _)")
        return designs

    @property
    def looks(self) -> tuple[Design, ...]:
        """The designs; one named ``plain`` where the folder names none."""
        named = self.designs or {"plain": OwnDesign(words=self.title)}
        return tuple(Design(name, each.words, {**self.colours, **each.colours}) for name, each in named.items())

    @property
    def names_designs(self) -> bool:
        """Whether the folder names designs; ``plain`` is nobody's name."""
        return bool(self.designs)

    def file(self, part: Part, design: str) -> Path:
        """Return a part's file in a design: the one of its sub-folder, else the common one.

        Raises:
            StillYouError: There is none, or it is a link that leads out of the folder.
        """
        for path in (self.folder / design / part.file, self.folder / part.file):
            if path.is_file():
                if not path.resolve().is_relative_to(self.folder.resolve()):
                    raise StillYouError(f"{path} lies outside of the effect's folder", "Put the file itself there.")
                return path
        raise StillYouError(f"{self.folder / part.file} does not exist", f"Draw it, or take it out of {SPEC}.")


def is_effect_folder(name: str | Path) -> bool:
    """Tell whether somebody names a folder, there or not: it ends in ``/``, or is one."""
    return str(name).endswith(("/", "\\")) or Path(name).is_dir()


def load_folder(folder: str | Path) -> OwnEffect:
    """Read the effect of a folder; what ``effect.yaml`` leaves out follows from the folder's and files' names.

    Raises:
        UsageError: There is no such folder or no ``effect.yaml``, a bad key or value, or no art.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}", "Name a folder with effect.yaml and art, or an effect.")
    path = folder / SPEC
    if not path.is_file():
        raise UsageError(f"{folder} has no {SPEC}", "One line suffices there: 'title: Pirate'.")
    data = read_yaml(path)
    if isinstance(data, dict):
        data = _completed(folder, data)
    effect = validate(OwnEffect, data, str(path))
    if not effect.parts:
        raise UsageError(f"{folder} has no art", "Put hat.svg or coat.png there: SVG, or PNG with alpha.")
    return effect


def _completed(folder: Path, data: dict[Any, Any]) -> dict[Any, Any]:
    """Fill in what a folder says without words."""
    if "folder" in data:
        raise UsageError(f"{folder / SPEC}: unknown key 'folder'", "Remove it: art lies beside the file.")
    name = re.sub(r"[^a-z0-9_-]+", "-", folder.resolve().name.lower()).strip("-_")[:40]
    name = name if _NAME.fullmatch(name) else "own"
    title = data.get("title", name)
    usual: dict[str, Any] = {
        "id": name,
        "title": title,
        "group": "costume",
        "source_prompt": "a {subject}",
        "target_prompt": f"a {{subject}}, {re.sub('[{}]', '', str(title)).lower()}",
        "keeps": ["face", "expression", "pose", "background"],
    }
    if "parts" not in data:
        usual["parts"] = _found_parts(folder)
    if "designs" not in data:
        usual["designs"] = {each.name: {} for each in _subfolders(folder)}
    return {**usual, **data, "folder": folder}


def _subfolders(folder: Path) -> list[Path]:
    """Return the sub-folders that hold art."""
    return sorted(each for each in folder.iterdir() if each.is_dir() and any(_art_in(each)))


def _art_in(folder: Path) -> Iterator[Path]:
    """Yield a folder's own art; hidden files are none."""
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix.lower() in ENDINGS and not path.name.startswith("."):
            yield path


def _found_parts(folder: Path) -> list[dict[str, str]]:
    """Return parts for all art of a folder and its designs, in the order in which they are drawn.

    Raises:
        UsageError: The name of a file says nothing about where it sits.
    """
    files = {path.name: path for place in (folder, *_subfolders(folder)) for path in _art_in(place)}
    for path in files.values():
        if path.stem.lower() not in _USUAL:
            raise UsageError(f"{path} is anchored to nothing", _PARTS_REMEDY)
    return [{"file": name} for name in sorted(files, key=_drawn_order)]


def _drawn_order(name: str) -> tuple[int, str]:
    return list(_USUAL).index(Path(name).stem.lower()), name


def check_wear(effect: OwnEffect, wear: Worn | Literal["both"]) -> None:
    """Refuse to wear what an effect has not; raises UsageError."""
    worn = sorted({part.worn for part in effect.parts})
    if wear != "both" and wear not in worn:
        raise UsageError(f"effect '{effect.id}' has no {wear}", f"It has: {', '.join(worn)}. Leave --wear out.")
