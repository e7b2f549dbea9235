"""Most tests of the editor are about the model's answers: their edits start from noise unless they ask for drafts."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def from_noise(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "drafts" not in request.keywords:
        monkeypatch.setattr("stillyou.editing.road.make_draft", lambda *_: (None, ()))
