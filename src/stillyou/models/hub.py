"""The hub: which names are ids, and downloads of what a user named, all through `huggingface_hub`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stillyou.errors import StillYouError


def is_hub_id(name: str) -> bool:
    """Tell whether a name that is no folder here can be a hub repository, `OWNER/NAME`."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    if name.count("/") != 1 or Path(name).parent.is_dir():
        return False
    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return True


def download(hub_id: str, patterns: Sequence[str], *, without: Sequence[str] = (), into: Path | None = None) -> Path:
    """Download the files of a repository that match patterns, and return the folder they lie in.

    Args:
        hub_id: `OWNER/NAME`.
        patterns: Of the files that are wanted.
        without: Patterns of files that are not.
        into: A folder for them; None takes the hub's cache, where files that are there are not fetched again.

    Raises:
        StillYouError: The hub cannot be reached, or there is no such repository.
    """
    from huggingface_hub import snapshot_download

    chosen, left = list(patterns), list(without)
    try:
        return Path(snapshot_download(hub_id, local_dir=into, allow_patterns=chosen, ignore_patterns=left))
    except Exception as error:  # the transport's own classes differ between versions of the hub's library
        raise _unreachable(hub_id, error) from error


def download_files(hub_id: str, names: Sequence[str]) -> Path:
    """Download named files of a repository and return the folder they lie in, under the same names.

    Raises:
        StillYouError: The hub cannot be reached, or a file did not arrive.
    """
    folder = download(hub_id, names)
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise StillYouError(f"{', '.join(missing)} of '{hub_id}' did not arrive", "Run the command again.")
    return folder


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
    except Exception as error:  # see above
        try:
            folder = Path(snapshot_download(hub_id, local_files_only=True))
        except (OSError, ValueError):
            raise _unreachable(hub_id, error) from error
        return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


def _unreachable(hub_id: str, error: Exception) -> StillYouError:
    return StillYouError(
        f"cannot get '{hub_id}' from the hub ({type(error).__name__})",
        "Check the name and the network, or download it and give its folder.",
    )
