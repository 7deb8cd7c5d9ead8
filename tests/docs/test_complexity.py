"""The page about complexity lists every command and every question."""

from pathlib import Path

from ticketroute import Dispatcher

PAGE = Path(__file__).parents[2] / "docs/reference/complexity.md"


def test_every_command_and_question_has_its_bound() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:3] == "| `"]
    known = {name for name in dir(Dispatcher) if not name.startswith("_")}
    named = {word for row in rows for word in row.split("|")[1].split("`")[1::2]}

    assert named == known
