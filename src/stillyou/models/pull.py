"""Getting a model into a folder of one's own: from the hub, or from a folder laid out like one."""

from __future__ import annotations

import shutil
from pathlib import Path

from stillyou.diffusion.card import CARD_NAME
from stillyou.diffusion.checksums import CHECKSUMS_NAME, FILE_KINDS, model_files, write_checksums
from stillyou.errors import StillYouError
from stillyou.files import atomic_folder
from stillyou.models.hub import download
from stillyou.models.verify import Verification, verify_model

_CACHE = ".cache"
"""Where the hub's library leaves notes about a download."""


def pull(model: str, output: Path) -> Verification:
    """Copy a model's safetensors, JSON and text files, and verify them before the folder takes its name.

    Args:
        model: A hub id `OWNER/NAME`, or a folder that holds a model.
        output: A new or empty folder.

    Returns:
        What was verified; checksums are written if the model brought none.

    Raises:
        StillYouError: The hub cannot be reached, or what arrived is not a whole model.
    """
    source = Path(model)
    with atomic_folder(output) as part:
        if source.is_dir():
            _copy(source, part)
        else:
            download(model, [f"*{kind}" for kind in FILE_KINDS], into=part)
            shutil.rmtree(part / _CACHE, ignore_errors=True)
        found = verify_model(part)
        if found.problems:
            raise StillYouError(f"'{model}' is not a whole model: {found.problems[0]}", "Nothing was kept.")
        if not found.checksums:
            write_checksums(part)
    return found


def _copy(source: Path, target: Path) -> None:
    beside = [name for name in (CARD_NAME, CHECKSUMS_NAME) if (source / name).is_file()]
    for name in [*model_files(source), *beside]:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target / name)
