"""Kill commands at random moments: ``python -m tests.kill pairs=30 edit=30 train=30`` (docs/robustness.md).

Each line that is printed is a trial; the last one of a command counts them.
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.kill.commands import COMMANDS, load_libraries
from tests.kill.trials import try_moments

if __name__ == "__main__":
    asked = dict(word.split("=") for word in sys.argv[1:]) or dict.fromkeys(COMMANDS, 30)
    load_libraries()
    for name, trials in asked.items():
        with TemporaryDirectory(prefix="kill-") as folder:
            print(json.dumps(try_moments(name, int(trials), Path(folder))), flush=True)
