"""Named files of a hub repository, and no others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from stillyou.errors import StillYouError

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


def is_hub_id(name: str) -> bool:
    """Tell whether a name that is no folder here can be a hub repository, OWNER/NAME."""
    return bool(_HUB_ID.fullmatch(name)) and not name.startswith(".") and not Path(name).parent.is_dir()


def repository_files(hub_id: str) -> list[str]:
    """Return the names of a repository's files; without network, of those fetched earlier.

    Raises:
        StillYouError: The hub cannot be reached and nothing was fetched, or there is no such repository.
    """
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return [file.rfilename for file in HfApi().model_info(hub_id, timeout=20).siblings or []]
    except HfHubHTTPError as error:
        raise _unreachable(hub_id, error) from error
    except Exception as error:  # the transport's own classes differ between versions of the hub's library
        try:
            folder = Path(snapshot_download(hub_id, local_files_only=True))
        except (OSError, ValueError):
            raise _unreachable(hub_id, error) from error
        return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


def fetch(hub_id: str, names: Sequence[str]) -> Path:
    """Download named files of a repository and return the folder they lie in, under the same names.

    Raises:
        StillYouError: The hub cannot be reached, or a file did not arrive.
    """
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(hub_id, allow_patterns=list(names)))
    except Exception as error:  # see above
        raise _unreachable(hub_id, error) from error
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise StillYouError(f"{', '.join(missing)} of '{hub_id}' did not arrive", "Run the command again.")
    return folder


def _unreachable(hub_id: str, error: Exception) -> StillYouError:
    return StillYouError(
        f"cannot get '{hub_id}' from the hub ({type(error).__name__})",
        "Check the name and the network, or download it and give its folder.",
    )
