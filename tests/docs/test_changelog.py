"""Every change for users is in a fragment, and every fragment is on the changelog page."""

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
FRAGMENTS = DOCS / "changelog.d"
FRAGMENT_NAME = re.compile(r"\d+(-[a-z]+)*\.(added|changed|fixed|removed)\.md")
FOUND = sorted(path for path in FRAGMENTS.iterdir() if path.name != "README.md")


@pytest.fixture(scope="module")
def configuration() -> Any:
    """Return the configuration of Sphinx, which cannot be imported by name."""
    spec = importlib.util.spec_from_file_location("docs_conf", DOCS / "conf.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_a_fragment_has_a_valid_name_and_no_marks_of_its_own(path: Path) -> None:
    assert FRAGMENT_NAME.fullmatch(path.name), (
        "name it <issue>[-<topic>].<added|changed|fixed|removed>.md"
    )
    text = path.read_text(encoding="utf-8").strip()
    assert text, "write what changed, in the words of the users"
    assert not text.startswith(("#", "-", "*")), "the page adds the heading and the list mark"


def test_every_fragment_is_on_the_changelog_page(configuration: Any) -> None:
    shown = configuration.unreleased_changes(FRAGMENTS)
    missing = [
        path.name
        for path in FOUND
        if path.read_text(encoding="utf-8").strip().splitlines()[0] not in shown
    ]
    assert missing == []
