"""Render the costume art for photographs: every design of every costume at a grid of head turns (needs EGL).

    python tools/make_sprites.py [--only santa,royal/palace] [--out src/stillyou/art/people]

Each design gets two atlases, WebP with alpha: its hats at `YAWS` x `PITCHES` of the head and its coats at `TURNS` of
the body, worn by one neutral person without hair in neutral light, seen from straight ahead. Turns to the picture's
left are mirror images. Beside them a JSON says where each sprite lies in its atlas and, in its pixels, where the points
of the person's fit are. On one OpenGL device the result is bit-identical.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage

from stillyou.drafts.fit import POINTS
from stillyou.effects.designs import DESIGNS, Design, find_design
from stillyou.files import atomic_path, write_text
from stillyou.pairs.teachers.people.anatomy import bare_parts
from stillyou.pairs.teachers.people.camera import Camera, look_at, perspective
from stillyou.pairs.teachers.people.costumes import wear
from stillyou.pairs.teachers.people.costumes.outfit import SAME_SHAPE
from stillyou.pairs.teachers.people.detail import Detail
from stillyou.pairs.teachers.people.figure import Figure
from stillyou.pairs.teachers.people.geometry import Floats, euler, floats, unit
from stillyou.pairs.teachers.people.gl.renderer import Renderer, Scenery
from stillyou.pairs.teachers.people.light import Light
from stillyou.pairs.teachers.people.parts import MeshPart, Part, Role
from stillyou.pairs.teachers.people.person import Person, draw_person
from stillyou.pairs.teachers.people.pose import HeadPose
from stillyou.pairs.teachers.people.shape import Phenotype, age_of_years
from stillyou.pairs.teachers.people.traits import AccessoryTraits
from stillyou.pairs.teachers.people.true_fit import true_fit

YAWS = (0, 17, 34, 51)
"""Degrees of the head's turn to the picture's right."""
PITCHES = (-16, 0, 16)
"""Degrees by which the chin is lowered."""
TURNS = (0, 25, 50)
"""Degrees of the body's turn to the picture's right."""
FINE = 2
"""Drawn pixels a pixel of a sprite, along a side."""
DISTANCE = 17.0
"""Decimetres from the camera to the head."""
FRAMES = {"hat": (4.8, 100), "coat": (7.2, 104)}
"""Decimetres that a picture spans and pixels a decimetre, by part."""
QUALITY = 82
PLAIN = AccessoryTraits("none", (0.0, 0.0, 0.0), 0.0, "none", "none", (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))


def neutral_person(yaw: float = 0.0, pitch: float = 0.0) -> Person:
    """Return the average adult, bald and bare-headed; radians."""
    drawn = draw_person(0)
    return replace(
        drawn,
        phenotype=Phenotype(age_of_years(30), 0.7, (1, 1, 1), 0.5, 0.5),
        details={},
        head=HeadPose(yaw, pitch, 0.0),
        gaze=(0.0, 0.0),
        looks=replace(drawn.looks, accessories=PLAIN),
    )


def camera_on(target: Floats, span: float, turn: float) -> Camera:
    """Return a camera that stands straight before `target` after the person has turned by `turn` radians."""
    eye = floats(target + euler(-turn, 0, 0) @ floats([0, 0, DISTANCE]))
    focal = DISTANCE / span
    projection = perspective(focal, DISTANCE - 5, DISTANCE + 6) @ look_at(eye, target)
    return Camera(eye, unit(target - eye), floats(projection), focal)


def neutral_light(centre: Floats, turn: float) -> Light:
    """Return soft light from above the camera."""
    turned = euler(-turn, 0, 0)
    return Light(
        key_direction=unit(turned @ floats([0.0, 0.45, 0.9])),
        key_colour=floats([1.5, 1.5, 1.5]),
        rim_direction=unit(turned @ floats([0.0, 0.35, -1.0])),
        rim_colour=floats([0.1, 0.1, 0.1]),
        sky=floats([0.7, 0.7, 0.7]),
        ground=floats([0.34, 0.33, 0.32]),
        side_colour=floats([0.0, 0.0, 0.0]),
        side_direction=unit(turned @ floats([1.0, 0.1, 0.4])),
        softness=0.03,
        exposure=0.66,
        centre=centre,
    )


def occluders(figure: Figure, part: str) -> list[Part]:
    """Return what hides a costume's parts: the head and body for hats, neck and body alone for coats."""
    bare = bare_parts(figure, figure.surface({}))
    if part == "hat":
        return bare
    skin = next(piece for piece in bare if piece.role == Role.SKIN)
    assert isinstance(skin, MeshPart)
    _, y, z = skin.rest.T
    neck = (y < 6.45) & ((y < 5.95) | (z < 0.9))  # without the chin
    return [replace(skin, triangles=skin.triangles[neck[skin.triangles].all(1)])]


def render(
    design: Design, effect: str, part: str, yaw: float, pitch: float
) -> tuple[np.ndarray, dict[str, list[float]]]:
    """Return a sprite, (H, W, 4) uint8 cropped to what shows, and the fit's points in its pixels."""
    turn = 0.0 if part == "hat" else yaw
    figure = Figure(neutral_person(*((yaw, pitch) if part == "hat" else (0.0, 0.0))), detail(part))
    span, scale = FRAMES[part]
    middle = figure.head_centre + floats([0, 0.15, 0]) if part == "hat" else floats([0, 4.3, 0.2])
    camera = camera_on(middle, span, turn)
    light = neutral_light(floats(figure.eyes + floats([0, -0.4, -0.9])), turn)
    size = detail(part).size
    scenery = Scenery(
        camera,
        light,
        np.zeros((size, size, 3), np.float32),
        7.0,
        figure.pose.direction(floats([0, 1, 0])),
        figure.head_centre,
    )
    outfit = wear(effect, figure, None, design=design, worn="head" if part == "hat" else "body")
    shown = renderer(part).render([*occluders(figure, part), *outfit.parts], scenery)
    role = Role.COSTUME_HEAD if part == "hat" else Role.COSTUME_BODY
    picture = layer(shown.pixels, without_specks(shown.roles == role))
    rows, columns = np.nonzero(picture[..., 3] > 8)
    top, left = max(rows.min() - 1, 0), max(columns.min() - 1, 0)
    crop = picture[top : rows.max() + 2, left : columns.max() + 2]
    points = {
        name: [round(float(x * span * scale - left), 2), round(float(y * span * scale - top), 2)]
        for name, (x, y) in fit_points(figure, camera).items()
    }
    return crop, points


def layer(pixels: np.ndarray, shows: np.ndarray) -> np.ndarray:
    """Return the drawn pixels that show a part, averaged down by `FINE`, with alpha and clean colours at its edge."""
    weight = shows.astype(np.float32)[..., None]
    linear = (pixels / 255.0).astype(np.float32) ** 2.2
    alpha, colour = _mean(weight), _mean(linear * weight)
    colour /= np.maximum(alpha, 1e-6)
    index = ndimage.distance_transform_edt(alpha[..., 0] < 0.34, return_distances=False, return_indices=True)
    colour = colour[tuple(index)]  # colours of nearly empty pixels come from their nearest fuller ones
    both = np.concatenate([np.clip(colour, 0, 1) ** (1 / 2.2), alpha], -1)
    return np.rint(both * 255).astype(np.uint8)


def without_specks(shows: np.ndarray) -> np.ndarray:
    """Return flags without islands smaller than half a percent of all: a leaf that peeps out behind the neck."""
    labels, _ = ndimage.label(ndimage.binary_dilation(shows, iterations=2))
    sizes = np.bincount(labels[shows], minlength=labels.max() + 1)
    return shows & (sizes[labels] > 0.005 * shows.sum())


def _mean(values: np.ndarray) -> np.ndarray:
    height, width, channels = values.shape
    return values.reshape(height // FINE, FINE, width // FINE, FINE, channels).mean((1, 3))


def fit_points(figure: Figure, camera: Camera) -> dict[str, tuple[float, float]]:
    """Return the points of the true fit by name, in shares of the picture."""
    fit = true_fit(figure, camera)
    return {name: (float(fit[name][0]), float(fit[name][1])) for name in POINTS}


_RENDERERS: dict[str, Renderer] = {}


def detail(part: str) -> Detail:
    """Return the detail that a part is drawn with: a pixel drawn is a pixel got."""
    span, scale = FRAMES[part]
    return Detail(round(span * scale) * FINE, 1, 2048, 1.0)


def renderer(part: str) -> Renderer:
    """Return the renderer of a part."""
    if part not in _RENDERERS:
        _RENDERERS[part] = Renderer(detail(part))
    return _RENDERERS[part]


def views(part: str) -> list[tuple[int, int]]:
    """Return the turns of a part: yaw and pitch in degrees."""
    return [(yaw, pitch) for yaw in YAWS for pitch in PITCHES] if part == "hat" else [(turn, 0) for turn in TURNS]


def packed(sprites: list[np.ndarray]) -> tuple[np.ndarray, list[list[int]]]:
    """Return one picture of all sprites, three a row, and the (left, top, right, bottom) of each."""
    boxes, top, rows = [], 0, [sprites[k : k + 3] for k in range(0, len(sprites), 3)]
    width = max(sum(sprite.shape[1] for sprite in row) for row in rows)
    atlas = np.zeros((sum(max(sprite.shape[0] for sprite in row) for row in rows), width, 4), np.uint8)
    for row in rows:
        left = 0
        for sprite in row:
            high, wide = sprite.shape[:2]
            atlas[top : top + high, left : left + wide] = sprite
            boxes.append([left, top, left + wide, top + high])
            left += wide
        top += max(sprite.shape[0] for sprite in row)
    return atlas, boxes


def make(effect: str, design: Design, out: Path, only: str | None) -> int:
    """Write the two atlases of a design and their JSON; returns their bytes."""
    record, total = out / effect / f"{design.name}.json", 0
    described = json.loads(record.read_text()) if only else {}
    base = SAME_SHAPE.get((effect, design.name))
    for part in [only] if only else list(FRAMES):
        if base:  # of the same shape: its art in other colours
            old = np.asarray(Image.open(out / effect / f"{base}-{part}.webp").convert("RGBA"))
            atlas = recoloured(old, find_design(effect, base), design)
            described[part] = json.loads((out / effect / f"{base}.json").read_text())[part]
        else:
            atlas, described[part] = drawn(effect, design, part)
        with atomic_path(out / effect / f"{design.name}-{part}.webp") as path:
            Image.fromarray(atlas).save(path, "WEBP", quality=QUALITY, alpha_quality=90, method=6)
            total += path.stat().st_size
    write_text(record, json.dumps(described, separators=(",", ":")) + "\n")
    return total


def drawn(effect: str, design: Design, part: str) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Return the atlas of a part of a design, and what its JSON says of it."""
    made = [render(design, effect, part, np.radians(yaw), np.radians(pitch)) for yaw, pitch in views(part)]
    atlas, boxes = packed([sprite for sprite, _ in made])
    return atlas, [
        {"yaw": yaw, "pitch": pitch, "box": box, "points": points}
        for (yaw, pitch), box, (_, points) in zip(views(part), boxes, made, strict=True)
    ]


def recoloured(atlas: np.ndarray, old: Design, new: Design) -> np.ndarray:
    """Return art (H, W, 4) in the colours of another design of the same shape.

    A pixel is a mixture of two lit colours, cloth and fur (or fleece and ear),
    p = a c + b f; the new one is a c' + b f'.
    """
    linear = (atlas[..., :3] / 255.0) ** 2.2
    keys = list(new.colours)
    before, after = (np.array([design.linear(key) for key in keys]) for design in (old, new))
    shares = linear.reshape(-1, 3) @ np.linalg.pinv(before)
    plain = [np.clip(linear.reshape(-1, 3) @ colour / (colour @ colour), 0, None) for colour in before]
    shares[:, 0] = np.where(shares[:, 1] < 0, plain[0], shares[:, 0])
    shares[:, 1] = np.where(shares[:, 0] < 0, plain[1], shares[:, 1])
    mixed = np.clip(np.clip(shares, 0, None) @ after, 0, 1) ** (1 / 2.2)
    return np.concatenate([np.rint(255 * mixed).astype(np.uint8).reshape(linear.shape), atlas[..., 3:]], -1)


def main() -> None:
    """Make the art that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="effects or effect/design, separated by commas")
    parser.add_argument("--part", choices=tuple(FRAMES), help="only this part; the other's files stay")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "src/stillyou/art/people")
    given = parser.parse_args()
    chosen = [name for name in given.only.split(",") if name]
    for effect, designs in DESIGNS.items():
        for design in designs:
            if not chosen or effect in chosen or f"{effect}/{design.name}" in chosen:
                (given.out / effect).mkdir(parents=True, exist_ok=True)
                print(effect, design.name, make(effect, design, given.out, given.part), "bytes", flush=True)


if __name__ == "__main__":
    main()
