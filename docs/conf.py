"""How Sphinx builds the pages: MyST for the text, autodoc for the reference."""

import logging
import re
import sys
from importlib.metadata import version as installed_version
from pathlib import Path

from django.conf import settings
from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent / "_ext"))
from diagrams import DOT_ARGUMENTS

if not settings.configured:
    settings.configure()  # autodoc looks at names of Django that want them

project = "ticketroute"
author = "The ticketroute authors"
copyright = "2026, The ticketroute authors"
version = release = installed_version("ticketroute")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "diagrams",  # in _ext
]
exclude_patterns = [
    "_ext",
    "adr/_template.md",
    "changelog.d",  # read into the changelog below
]

html_theme = "furo"
html_title = f"ticketroute {release}"
html_static_path = ["_static"]

graphviz_output_format = "svg"
graphviz_dot_args = DOT_ARGUMENTS

# The button copies what a reader types: no prompts, and no output.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_line_continuation_character = "\\"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4

autodoc_default_options = {
    "members": True,
    "undoc-members": True,  # the fields of a value and the members of an enum
}
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_use_unqualified_type_names = True

napoleon_google_docstring = True
napoleon_numpy_docstring = False
# Sections of our docstrings that Google's style does not know.
napoleon_custom_sections = ["Complexity", "Source"]

FRAGMENTS = Path(__file__).parent / "changelog.d"
FRAGMENT_NAME = re.compile(r"(?P<issue>\d+)(-[a-z]+)*\.(?P<kind>added|changed|fixed|removed)\.md")


def unreleased_changes(folder: Path) -> str:
    """Return the fragments of ``folder`` as one Markdown section, grouped by kind."""
    lines = []
    for kind in ("added", "changed", "fixed", "removed"):
        fragments = [
            (int(match["issue"]), path.read_text(encoding="utf-8").strip())
            for path in folder.iterdir()
            if (match := FRAGMENT_NAME.fullmatch(path.name)) and match["kind"] == kind
        ]
        if fragments:
            lines += [f"### {kind.capitalize()}", ""]
            for _, text in sorted(fragments):
                first, *rest = text.splitlines()
                lines += [f"- {first}", *(f"  {line}".rstrip() for line in rest)]
            lines.append("")
    return "\n".join(lines) or "Nothing yet.\n"


def read_fragments(_app: Sphinx, page: str, source: list[str]) -> None:
    """Put the fragments where the changelog page asks for them."""
    if page == "changelog":
        source[0] = source[0].replace("<!-- fragments -->", unreleased_changes(FRAGMENTS))


def is_no_empty_section(record: logging.LogRecord) -> bool:
    """Tell whether a warning is about anything but a section that has no page yet."""
    return getattr(record, "subtype", None) != "empty_glob"


def setup(app: Sphinx) -> None:
    """Connect what this file adds; Sphinx calls this by its name."""
    app.connect("source-read", read_fragments)
    app.add_lexer("csv", TextLexer)  # Pygments knows no CSV
    # `suppress_warnings` misses this one: Sphinx gives it a subtype and no type.
    logging.getLogger("sphinx.sphinx.directives.other").addFilter(is_no_empty_section)
