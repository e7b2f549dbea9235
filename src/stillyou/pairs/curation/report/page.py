"""The report's page: HTML, style, charts and thumbnails in one file that needs no network."""

from __future__ import annotations

import base64
import io
import shlex
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from stillyou.errors import StillYouError
from stillyou.files import write_text
from stillyou.pairs.curation.criteria import CRITERIA
from stillyou.pairs.curation.record import CurationRecord, read_record
from stillyou.pairs.curation.report.charts import histogram, survival
from stillyou.pairs.curation.report.rows import Rows, Sheet, Yield
from stillyou.pairs.curation.report.style import STYLE
from stillyou.pairs.curation.verdict import OVERALL
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.pair import Pair, Pixels

_THUMB = 128
_SHOWN = 12
"""Pairs a sheet."""
_BRIEF = 4
"""Scores beneath a pair."""


def write_report(folder: str | Path, out: str | Path) -> Path:
    """Write the report of a dataset as one HTML file.

    Args:
        folder: The dataset, curated or not.
        out: The file.

    Raises:
        UsageError: There is no dataset.
        StillYouError: It is damaged or empty, or the file cannot be written.
    """
    dataset = PairDataset(folder, status="any", partial=True)
    if not len(dataset):
        raise StillYouError(f"{folder} has no pairs to report on", "Make some: stillyou pairs make")
    record, rows = read_record(Path(folder)), Rows(dataset)
    parts = [
        _head(dataset, rows, record),
        _commands(folder, out, record),
        _yields(rows),
        _histograms(rows, record),
        *(_sheet(dataset, rows, sheet) for sheet in rows.sheets(_SHOWN)),
        _scorers(record),
        _licences(dataset.meta.licences),
    ]
    title = escape(f"Pairs: {Path(folder).resolve().name}")
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    icon = '<link rel="icon" href="data:,">'
    page = f'<!doctype html><html lang="en"><head>{head}{icon}<style>{STYLE}</style></head><body><main>'
    write_text(out, page + "\n".join(parts) + "</main></body></html>\n")
    return Path(out)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """Return a table; cells are HTML already, `numbers` are the columns set to the right."""
    cls = ['class="n"' if place in numbers else "" for place in range(len(headings))]
    head = "".join(f"<th {kind}>{escape(text)}</th>" for kind, text in zip(cls, headings, strict=True))
    lines = ("".join(f"<td {kind}>{cell}</td>" for kind, cell in zip(cls, row, strict=True)) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _head(dataset: PairDataset, rows: Rows, record: CurationRecord | None) -> str:
    info, kept = dataset.meta, rows.kept()
    facts = [
        ("teacher", info.teacher),
        ("domain", info.domain or "not said"),
        ("effects", ", ".join(effect.id for effect in info.effects)),
        ("pictures", f"{info.size} px"),
        ("seed", str(info.seed)),
        ("made with", f"stillyou {info.made_with}"),
        ("curated with", f"stillyou {record.made_with}" if record else "not curated yet: only rules of the teacher"),
    ]
    lines = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    note = f'<p class="alarm">{escape(dataset.complaint)}; this tells of the rest.</p>' if dataset.complaint else ""
    tiles = "".join(
        f'<div class="tile {kind}"><b>{count}</b><span>{name}</span></div>'
        for kind, count, name in (
            ("", str(len(rows)), "candidates"),
            ("good", str(kept), f"kept ({kept / len(rows):.0%})"),
            ("bad", str(len(rows) - kept), "refused"),
        )
    )
    name = escape(dataset.path.resolve().name)
    return f'<h1>Pairs: {name}</h1>{note}<div class="tiles">{tiles}</div><dl>{lines}</dl>'


def _commands(folder: str | Path, out: str | Path, record: CurationRecord | None) -> str:
    again = shlex.join(["stillyou", "pairs", "report", str(folder), "-o", str(out)])
    lines = [record.command] if record and record.command else []
    return f"<h2>Made by</h2><pre>{escape(chr(10).join([*lines, again]))}</pre>"


def _yields(rows: Rows) -> str:
    why = _table(("why pairs were refused", "pairs"), [(escape(r), str(n)) for r, n in rows.reasons()], (1,))
    tables = [_yield("effect", rows.by("effect")), _yield("teacher", rows.by("teacher"))]
    tables += [_yield(name.replace("_", " "), found) for name, found in rows.by_attribute().items()]
    first, more = "".join(tables[:2]), "".join(tables[2:])
    rest = f'<details open><summary>By condition</summary><div class="grid">{more}</div></details>' if more else ""
    return f'<h2>Yield</h2><div class="grid">{why if rows.reasons() else ""}{first}</div>{rest}'


def _yield(name: str, found: Sequence[Yield]) -> str:
    bar = '<span class="bar"><i style="width:{:.0f}%"></i></span>'
    cells = [
        (escape(one.name), str(one.candidates), str(one.kept), f"{one.share:.0%}", bar.format(100 * one.share))
        for one in found
    ]
    return _table((name, "candidates", "kept", "share", ""), cells, (1, 2, 3))


def _histograms(rows: Rows, record: CurationRecord | None) -> str:
    meanings = {name: text for scorer in (record.scorers if record else []) for name, text in scorer.measures.items()}
    meanings["novelty"] = "difference to the most similar earlier pair, levels of 255, at most 16"
    figures = []
    for criterion in CRITERIA:
        kept, refused = rows.scores(criterion.score)
        if kept or refused:
            bounds = _bounds(record, criterion.score)
            caption = f"<b>{escape(criterion.score)}</b> {escape(meanings.get(criterion.score, ''))}"
            missing = len(rows) - len(kept) - len(refused)
            told = " <em>bounds: " + ", ".join(f"{bound:.4g}" for bound in bounds) + "</em>" if bounds else ""
            told += f" <em>not measured: {missing}</em>" if missing else ""
            chart = histogram(criterion.score, kept, refused, bounds)
            figures.append(f"<figure>{chart}<figcaption>{caption}{told}</figcaption></figure>")
    values = [value for part in rows.scores(OVERALL) for value in part]
    if values:
        chart = survival(values, sorted(set(record.thresholds.values())) if record else [])
        caption = "<b>overall</b> share of pairs (up) whose geometric mean of all qualities is at least this (across)"
        figures.append(f"<figure>{chart}<figcaption>{caption}</figcaption></figure>")
    legend = '<p class="legend"><i class="kept"></i> kept <i class="refused"></i> refused <i class="bound"></i> bound'
    note = " - heights are square roots of counts</p>"
    return f'<h2>Scores</h2>{legend}{note}<div class="grid">{"".join(figures)}</div>'


def _bounds(record: CurationRecord | None, score: str) -> list[float]:
    """Return the different bounds that effects have for a score."""
    bands = [table[score] for table in record.bands.values() if score in table] if record else []
    return sorted({bound for band in bands for bound in (band.least, band.most) if bound is not None})


def _sheet(dataset: PairDataset, rows: Rows, sheet: Sheet) -> str:
    cells = "".join(_cell(dataset.load(index), rows.rows[index]) for index in sheet.indices)
    return f'<h2>{escape(sheet.title)} <small>{escape(sheet.note)}</small></h2><div class="sheet">{cells}</div>'


def _cell(pair: Pair, row: Mapping[str, Any]) -> str:
    pictures = "".join(
        f'<img src="{_data(pixels)}" alt="{name}" width="{_THUMB}" height="{_THUMB}">'
        for name, pixels in (("source", pair.source), ("target", pair.target), ("mask", np.dstack([pair.mask] * 3)))
    )
    whole = row["scores"].get(OVERALL)
    said = f"overall {whole:.2f}" if whole is not None else ""
    scores = ", ".join(f"{name} {value:.4g}" for name, value in row["scores"].items() if name != OVERALL)
    reason = f'<span class="why">{escape(row["reason"])}</span> ' if row["reason"] else ""
    caption = f"{reason}{escape(row['effect'])} {said}<br><code>{escape(row['key'])}</code>"
    return f'<figure class="pair" title="{escape(scores)}">{pictures}<figcaption>{caption}</figcaption></figure>'


def _data(pixels: Pixels) -> str:
    """Return a thumbnail as a data URL."""
    file = io.BytesIO()
    image = Image.fromarray(pixels).resize((_THUMB, _THUMB), Image.Resampling.LANCZOS)
    image.save(file, "JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def _scorers(record: CurationRecord | None) -> str:
    if record is None:
        return ""
    cells = [
        (
            f"<b>{escape(one.name)}</b>",
            escape(", ".join(one.measures)),
            escape(one.licence),
            escape(one.cost),
            escape(one.needs),
        )
        for one in record.scorers
    ]
    left = "".join(f"<li><b>{escape(name)}</b>: {escape(why)}</li>" for name, why in record.left_out.items())
    table = _table(("scorer", "scores", "licence", "time a pair", "needs"), cells)
    return f"<h2>Scorers</h2>{table}" + (f"<p>Left out:</p><ul>{left}</ul>" if left else "")


def _licences(licences: Mapping[str, str]) -> str:
    cells = [(escape(name), escape(text)) for name, text in licences.items()]
    return f"<h2>Licences of the pictures</h2>{_table(('art', 'licence'), cells)}"
