"""Diagrams of the docs are SVG inside the page, and state diagrams agree with the tables."""

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ticketroute.model.lifecycle import OFFER, ROUTING

ROOT = Path(__file__).parents[2]
PAGE = """# Page

```{lifecycle} routing
:alt: States & events.
```

```{graphviz}
:alt: A line.

digraph { one -> two }
```
"""


@pytest.fixture(scope="module")
def diagrams() -> Any:
    """Return the extension, which cannot be imported by name."""
    spec = importlib.util.spec_from_file_location("diagrams", ROOT / "docs/_ext/diagrams.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("name", "table"), [("routing", ROUTING), ("offer", OFFER)])
def test_a_state_diagram_has_every_change_of_the_table_and_no_other(
    diagrams: Any, name: str, table: Any
) -> None:
    drawn = {
        (before, event, after)
        for before, after, label in re.findall(
            r'"(\w+)" -> "(\w+)" \[label="(.*)"\]', diagrams.dot_of(name)
        )
        for event in label.split(r"\n")
    }

    assert drawn == {
        (before.value, event.__name__, after.value)
        for (before, event), after in table.items()
        if before is not after
    }


@pytest.mark.skipif(shutil.which("dot") is None, reason="dot of Graphviz is not installed")
def test_a_built_page_contains_its_diagrams_as_svg_with_a_description(tmp_path: Path) -> None:
    (tmp_path / "index.md").write_text(PAGE, encoding="utf-8")
    (tmp_path / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT / 'docs/_ext')!r})\n"
        "extensions = ['myst_parser', 'diagrams']\n",
        encoding="utf-8",
    )
    build = [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", str(tmp_path)]
    subprocess.run([*build, str(tmp_path / "out")], check=True, timeout=120)

    html = (tmp_path / "out/index.html").read_text(encoding="utf-8")
    assert re.findall(r'<svg role="img" aria-label="([^"]*)"', html) == [
        "States &amp; events.",
        "A line.",
    ]
    assert ">waiting</text>" in html
    assert not re.search(r'<(script|object|img)[^>]*(src|data)="https?:', html)


def test_pages_describe_every_diagram_in_words() -> None:
    pages = sorted((ROOT / "docs").rglob("*.md"))
    bare = [
        page.name
        for page in pages
        for _ in re.findall(
            r"^```\{(?:graphviz|lifecycle)\}.*\n(?!:alt: \S)",
            page.read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    ]
    assert bare == []
