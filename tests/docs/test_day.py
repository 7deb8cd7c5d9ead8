"""The picture of a day in the docs is what the library would draw now."""

import importlib.util
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_the_picture_of_a_day_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("docs_day", DOCS / "_ext" / "day.py")
    assert spec is not None
    assert spec.loader is not None
    day = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(day)

    for name, text in day.pictures().items():
        assert (DOCS / "_static" / name).read_text(encoding="utf-8") == text, (
            f"{name} is out of date: python docs/_ext/day.py draws it again"
        )
