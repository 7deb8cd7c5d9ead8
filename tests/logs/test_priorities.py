from __future__ import annotations

import pytest

from ticketroute.logs import LogError
from ticketroute.logs.priorities import Scale, chosen_priorities
from ticketroute.model.ticket import TicketPriority

URGENT, HIGH, NORMAL, LOW = TicketPriority


def levels(*words: str, chosen: tuple[str, ...] = (), layout: str = "") -> list[int]:
    scale = Scale(chosen_priorities(chosen), chosen_priorities(layout.split()) if layout else {})
    for row, word in enumerate(words, start=2):
        scale.meet(word, row)
    found = scale.levels("t.csv")
    return [int(found[word]) for word in words]


@pytest.mark.parametrize(
    ("word", "level"),
    [
        ("Urgent", 1),
        ("Very high", 1),
        ("1 - Critical", 1),
        ("P1", 1),
        ("Sev 1", 1),
        ("S1", 1),
        ("SEV-1", 1),
        ("Priority 2", 2),
        ("2.0", 2),
        ("MAJOR", 2),
        ("High priority", 2),
        ("3 normal", 3),
        ("3 - Moderate", 3),
        ("(3) Medium", 3),
        ("P4", 4),
        ("5 - Planning", 4),
        ("4: low", 4),
        ("Very low", 4),
        ("1 very low", 4),
        ("5 very high", 1),
    ],
)
def test_a_word_or_a_number_is_read_as_help_desks_mean_it(word: str, level: int) -> None:
    assert levels(word) == [level]


def test_a_scale_begins_at_its_smallest_number() -> None:
    assert levels("P0", "P1", "P2", "P3", "P4") == [1, 2, 3, 4, 4]
    assert levels("P1", "P2", "P3", "P4", "P5") == [1, 2, 3, 4, 4]


@pytest.mark.parametrize("chosen", [("1=low",), ("4=urgent",), ("1=low", "4=urgent")])
def test_one_choice_turns_a_scale_of_numbers_round(chosen: tuple[str, ...]) -> None:
    assert levels("1", "2", "3", "4", chosen=chosen) == [4, 3, 2, 1]


def test_a_choice_that_agrees_does_not_turn_the_scale() -> None:
    assert levels("1", "2", "3", "4", chosen=("1=urgent",)) == [1, 2, 3, 4]
    assert levels("1", "2", "3", "4", chosen=("4=low",)) == [1, 2, 3, 4]


def test_a_choice_beats_the_layout_and_the_layout_the_usual_meaning() -> None:
    assert levels("1", "4", layout="1=low 4=urgent") == [4, 1]
    assert levels("1", "4", layout="1=low 4=urgent", chosen=("1=urgent", "4=low")) == [1, 4]
    assert levels("Major", chosen=("major=urgent",)) == [1]


@pytest.mark.parametrize("word", ["soon", "7", "not urgent", "-1", "²", "P10", "high or low"])
def test_an_unknown_word_names_itself_its_rows_and_the_option(word: str) -> None:
    with pytest.raises(LogError) as caught:
        levels("high", word, word, word, word)
    message = str(caught.value)
    assert f"{word!r} in rows 3, 4, 5, ..." in message
    assert "--priority " in message
    assert "--map priority=" in message


def test_all_unknown_words_are_named_at_once() -> None:
    with pytest.raises(LogError) as caught:
        levels("soon", "later")
    assert "'later' in row 3" in str(caught.value)
    assert "'soon' in row 2" in str(caught.value)


@pytest.mark.parametrize(
    ("pair", "says"),
    [("P0", "word=level"), ("=low", "word=level"), ("P0=hot", "levels are"), ("P0=", "levels are")],
)
def test_a_choice_that_is_not_understood_is_refused(pair: str, says: str) -> None:
    with pytest.raises(LogError, match=says):
        chosen_priorities([pair])
    with pytest.raises(LogError, match="twice"):
        chosen_priorities(["P0=low", "p0=high"])


def test_how_each_word_was_read_is_told() -> None:
    scale = Scale()
    for word in ("low", "P1", "1 - Critical"):
        scale.meet(word, 2)
    assert scale.said(scale.levels("t")) == "1 - Critical = urgent, P1 = urgent, low = low"
