"""Write an event of every kind as the present release writes it: run it before a release.

``python tests/journal/write_format.py > tests/journal/format-N.jsonl``; then name the file in
``test_codec.py``, beside those of earlier releases, which stay as they are.
"""

from __future__ import annotations

import importlib.util
import json
import warnings
from pathlib import Path

from ticketroute.events import KINDS
from ticketroute.journal.codec import encode

HERE = Path(__file__).parent


def main() -> None:
    """Print one row a line."""
    spec = importlib.util.spec_from_file_location("tests_of_codec", HERE / "test_codec.py")
    assert spec is not None
    assert spec.loader is not None
    tests = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tests)
    warnings.simplefilter("ignore")  # examples outside of a test are what is wanted here
    for position, name in enumerate(sorted(KINDS), 1):
        event = tests.drawn(KINDS[name]).example()
        print(json.dumps(encode(event).row(position, position)))  # noqa: T201


if __name__ == "__main__":
    main()
