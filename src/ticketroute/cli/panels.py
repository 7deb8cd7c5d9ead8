"""Tables of pages that are drawn whole, with colours: reports and the board."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

_WORD_WIDTH = 20  # columns for a name: what eight figures leave of 80


def table(title: str, names: Sequence[str], *, left: int = 1) -> Table:
    """Make an empty table; the first ``left`` columns hold words, the others numbers."""
    made = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        caption_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 0),
    )
    return with_columns(made, names, left=left)


def with_columns(made: Table, names: Sequence[str], *, left: int) -> Table:
    """Add a column for each name; the first ``left`` hold words, which may be cut short."""
    for place, name in enumerate(names):
        is_word = place < left
        made.add_column(
            name,
            justify="left" if is_word else "right",
            no_wrap=True,
            overflow="ellipsis",
            max_width=_WORD_WIDTH if is_word else None,
        )
    return made
