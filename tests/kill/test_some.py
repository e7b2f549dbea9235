"""A seeded kill of ``edit folder/``; tests of pairs, caches and training have theirs (docs/robustness.md)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path


def test_a_killed_edit_of_a_folder_leaves_whole_files_and_is_repeated_to_the_same_bytes() -> None:
    """In a process of its own, since it forks."""
    root = Path(__file__).parents[2]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(root), *sys.path])}
    command = [sys.executable, "-m", "tests.kill", "edit=1"]
    told = subprocess.run(command, env=environment, cwd=root, check=True, capture_output=True, text=True).stdout
    found = json.loads(told)
    assert found["faults"] == [] and found["killed"] == 1 and found["files"] == 25
