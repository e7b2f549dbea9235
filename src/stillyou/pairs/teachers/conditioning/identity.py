"""Shared identity text: one person, drawn from typed lists, in both prompts.

Lists are balanced: of each run of as many numbers as a list has values every value comes once, in an order that follows
from the list's name and the run. What was drawn is recorded with the pair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stillyou.draws import generator
from stillyou.effects.domains import Domain
from stillyou.effects.spec import EffectSpec, Prompts

GENDERS = ("woman", "man")
AGES = ("20", "30", "40", "50", "60", "70", "80")
ANCESTRIES = (
    *("West African", "East African", "North African", "Middle Eastern", "South Asian", "East Asian"),
    *("Southeast Asian", "Pacific Islander", "Native American", "Latin American", "Northern European"),
    *("Southern European", "Eastern European"),
)
HAIR = (
    *("short black hair", "long black hair", "curly brown hair", "straight brown hair", "short blond hair"),
    *("long blond hair", "red hair", "grey hair", "white hair", "braided hair", "a shaved head", "wavy dark hair"),
)
GLASSES = ("no glasses", "no glasses", "no glasses", "round glasses", "rectangular glasses")
LIGHTS = ("soft window light", "overcast daylight", "warm evening light", "studio light", "lamp light", "bright sun")
PLACES = ("in a kitchen", "in a park", "in an office", "on a street", "before a plain wall", "in a cafe", "at the sea")
LENSES = ("35 mm lens", "50 mm lens", "85 mm lens", "phone camera")
STYLES = (
    *("flat vector illustration", "comic book drawing", "pencil drawing", "watercolour painting", "3D cartoon render"),
    *("anime drawing", "paper cut-out", "line art", "gouache painting"),
)
_FIRST: Mapping[str, tuple[str, ...]] = {
    "woman": ("Amara", "Ingrid", "Leilani", "Mei", "Nadia", "Paloma", "Ruth", "Svetlana", "Yasmin", "Zoe"),
    "man": ("Anders", "Bilal", "Chidi", "Diego", "Ilya", "Kenji", "Marco", "Omar", "Rajesh", "Tomas"),
}
_LAST = ("Abara", "Brandvold", "Castellan", "Dragovic", "Ferrante", "Hayashida", "Kaleo", "Mansour", "Okonedo", "Verma")


_PLACE = "<subject>"
"""Stands for the person while a template is filled: values of variables are shorter."""


@dataclass(frozen=True)
class Person:
    """Who is drawn, and how.

    Attributes:
        traits: Values by the names of the lists, in the order of the prompt.
    """

    traits: Mapping[str, str]

    def subject(self, named: bool) -> str:
        """Return the words for the subject, to follow an article."""
        traits = self.traits
        glasses = "" if traits["glasses"] == "no glasses" else f" and {traits['glasses']}"
        name = f" named {traits['name']}" if named else ""
        looks = f"{traits['ancestry']} {traits['gender']}{name} with {traits['hair']}{glasses}"
        return f"{traits['age']} year old {looks}"

    def setting(self) -> str:
        """Return the words for light, place and camera, or for the drawing's style."""
        names = ("style",) if "style" in self.traits else ("place", "light", "lens")
        return ", ".join(["portrait", *(self.traits[name] for name in names)])


def draw_person(index: int, domain: Domain) -> Person:
    """Draw the person of a number; it follows from the number and the domain alone."""
    lists = {"age": AGES, "ancestry": ANCESTRIES, "gender": GENDERS, "hair": HAIR, "glasses": GLASSES}
    lists |= {"style": STYLES} if domain == "cartoon" else {"light": LIGHTS, "place": PLACES, "lens": LENSES}
    traits = {name: balanced(name, values, index) for name, values in lists.items()}
    draws = generator("name of a person", index)
    first, last = _FIRST[traits["gender"]], _LAST
    traits["name"] = f"{first[int(draws.integers(len(first)))]} {last[int(draws.integers(len(last)))]}"
    return Person(traits)


def balanced(name: str, values: tuple[str, ...], index: int) -> str:
    """Return a list's value for a number: each once in every run of ``len(values)`` numbers."""
    run, place = divmod(index, len(values))
    order = generator("balanced list", name, run).permutation(len(values))
    return values[int(order[place])]


def described(effect: EffectSpec, person: Person, named: bool) -> Prompts:
    """Return an effect's prompts with a person in the subject's place."""
    who, ending = person.subject(named), person.setting()
    if "subject" not in effect.variables:
        short, ending = effect.prompts(), f"{who}, {ending}"
    else:
        short = effect.prompts({"subject": _PLACE})
    return Prompts(*(f"{text.replace(_PLACE, who)}, {ending}" for text in (short.source, short.target)))
