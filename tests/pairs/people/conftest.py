"""Where people can be drawn: a device, or a reason to skip."""

from __future__ import annotations

import os

import pytest

os.environ.setdefault("LP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def device() -> str:
    """The name of the device that draws; tests that need one are skipped where there is none."""
    pytest.importorskip("moderngl")
    from stillyou.errors import StillYouError
    from stillyou.pairs.teachers.people.gl.context import open_device

    try:
        return open_device().renderer
    except StillYouError as error:
        pytest.skip(str(error))
