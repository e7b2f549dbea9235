"""Getting a model into a folder of one's own: from the hub, or from a folder laid out like one."""

from __future__ import annotations

import shutil
from pathlib import Path

from stillyou.diffusion.card import CARD_NAME
from stillyou.diffusion.checksums import CHECKSUMS_NAME, FILE_KINDS, model_files, write_checksums
from stillyou.errors import StillYouError
from stillyou.files import atomic_folder
from stillyou.models.verify import Verification, verify_model

_CACHE = ".cache"


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
            _download(model, part)
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


def _download(hub_id: str, target: Path) -> None:
    from huggingface_hub import snapshot_download

    try:
        snapshot_download(hub_id, local_dir=target, allow_patterns=[f"*{kind}" for kind in FILE_KINDS])
    except Exception as error:  # the transport's own classes differ between versions of the hub's library
        raise StillYouError(
            f"cannot get '{hub_id}' from the hub ({type(error).__name__})", "Check the name and the network."
        ) from error
    shutil.rmtree(target / _CACHE, ignore_errors=True)  # the hub library's notes about the download
