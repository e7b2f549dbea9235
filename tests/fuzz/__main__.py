"""Run the fuzz at full size: ``python -m tests.fuzz pictures=20000 settings=3000 models=500 tables=500 commands=700``.

Each kind runs in a process of its own, which is started again behind a case that takes it down. The machine should do
nothing else if the time matters; results do not depend on it.
"""

import json
import sys

from tests.fuzz.runner import KINDS, run

if __name__ == "__main__":
    asked = dict(word.split("=") for word in sys.argv[1:]) or KINDS
    for kind, cases in asked.items():
        print(json.dumps(run(kind, int(cases))), flush=True)
