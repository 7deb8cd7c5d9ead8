"""A change that nobody finds in the changelog was announced to nobody."""

import re
from pathlib import Path

import pytest

FRAGMENTS = Path(__file__).parents[2] / "docs" / "changelog.d"
FRAGMENT_NAME = re.compile(r"\d+(-[a-z]+)*\.(added|changed|fixed|removed)\.md")
FOUND = sorted(path for path in FRAGMENTS.iterdir() if path.name != "README.md")


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_a_fragment_is_named_and_written_as_the_changelog_page_reads_it(path: Path) -> None:
    assert FRAGMENT_NAME.fullmatch(path.name), (
        "name it <issue>[-<topic>].<added|changed|fixed|removed>.md"
    )
    text = path.read_text(encoding="utf-8").strip()
    assert text, "say what changed, in the words of those who use it"
    assert not text.startswith(("#", "-", "*")), "the page adds the heading and the list mark"
