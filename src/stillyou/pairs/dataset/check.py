"""Reading every page of a dataset, which opening it does not."""

from __future__ import annotations

from pathlib import Path

from stillyou.errors import StillYouError
from stillyou.pairs.dataset.info import read_info
from stillyou.pairs.dataset.shards import ShardReader, shard_name
from stillyou.pairs.dataset.store import inspect_shards


def check_pages(folder: str | Path) -> int:
    """Read all pages of all shards against their checksums.

    Returns:
        The number of shards that were read. Missing ones are `PairDataset.complaint`'s to tell.

    Raises:
        UsageError: There is no dataset.
        StillYouError: Shards are damaged; all of them are named.
    """
    folder = Path(folder)
    state = inspect_shards(folder, read_info(folder))
    broken = set(state.damaged)
    for number, (_, footer) in state.whole.items():
        try:
            ShardReader(folder / shard_name(number), footer).check()
        except StillYouError:
            broken.add(number)
    if broken:
        names = ", ".join(shard_name(number) for number in sorted(broken))
        raise StillYouError(
            f"{folder} has damaged pages in {names}", "Delete these files and run the command that made it again."
        )
    return len(state.whole)
