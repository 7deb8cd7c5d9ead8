"""Diagrams as SVG inside the page: drawn by Graphviz when the pages are built.

A page needs neither a network nor a script to show them, and they follow the theme's colours.
The directive ``lifecycle`` draws a state diagram from a table of ``ticketroute.model.lifecycle``,
so that it cannot differ from what the desk does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.ext.graphviz import graphviz, render_dot
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import OptionSpec
from sphinx.writers.html5 import HTML5Translator

from ticketroute.model import lifecycle

# Shared by all diagrams; colours come from diagrams.css, which knows the theme and its dark mode.
DOT_ARGUMENTS = [
    "-Gbgcolor=transparent",
    "-Gpad=0.05",
    "-Gnodesep=0.4",
    "-Nshape=box",
    "-Nstyle=rounded",
    "-Nfontname=sans-serif",
    "-Nfontsize=12",
    "-Efontname=sans-serif",
    "-Efontsize=10",
]

START = {"routing": "waiting", "offer": "open"}
TABLES: Mapping[str, Mapping[tuple[Enum, object], Enum]] = {
    "routing": lifecycle.ROUTING,
    "offer": lifecycle.OFFER,
}
FEW = 6  # so many arrows fit beside each other
LINE_BREAK = r"\n"  # in a label of Graphviz
_WIDTH = re.compile(r'width="([\d.]+)pt"')
_INSIDE = re.compile(r' id="[^"]*"|<title>.*?</title>\s*|<!--.*?-->\s*', re.DOTALL)


def dot_of(name: str) -> str:
    """Return a state diagram in Graphviz's language; events that keep the state are left out."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for (before, event), after in TABLES[name].items():
        if before is not after:
            label = getattr(event, "__name__", str(event))
            arrows.setdefault((before.value, after.value), []).append(label)
    lines = [
        f'  "{before}" -> "{after}" [label="{LINE_BREAK.join(labels)}"]'
        for (before, after), labels in arrows.items()
    ]
    rank = "rankdir=LR" if len(arrows) < FEW else ""
    return "\n".join(
        ["digraph {", rank, f'  start [shape=point]; start -> "{START[name]}"', *lines, "}"]
    )


class Lifecycle(SphinxDirective):
    """Draws one of the tables of ``ticketroute.model.lifecycle``, named by the argument."""

    required_arguments = 1
    option_spec: ClassVar[OptionSpec] = {"alt": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Return the diagram as a node that the builder draws."""
        node = graphviz()
        node["code"] = dot_of(self.arguments[0])
        node["options"] = {"docname": self.env.docname}
        node["alt"] = self.options["alt"]
        return [node]


def visit_html(page: HTML5Translator, node: graphviz) -> None:
    """Draw the diagram and put its SVG into the page."""
    _, drawn = render_dot(page, node["code"], node["options"], "svg")
    if drawn is not None:  # otherwise render_dot has given the warning
        text = drawn.read_text(encoding="utf-8")
        picture = _INSIDE.sub("", text[text.index("<svg") :])
        label = page.attval(node["alt"])
        width = _WIDTH.search(picture)
        assert width is not None, "Graphviz gives every picture a width"
        # On a narrow screen a wide picture scrolls instead of becoming too small to read.
        style = f"min-width:min({width[1]}pt,34rem)"
        opening = f'<svg role="img" aria-label="{label}" style="{style}"'
        page.body.append(f'<div class="diagram">{picture.replace("<svg", opening, 1)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive and the way a diagram becomes HTML; Sphinx calls this by its name."""
    app.setup_extension("sphinx.ext.graphviz")
    app.add_node(graphviz, override=True, html=(visit_html, None))
    app.add_directive("lifecycle", Lifecycle)
    app.add_css_file("diagrams.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
