"""What the words and numbers of a log mean as ticket priorities."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from attrs import define, field

from ticketroute.logs.faults import LogError, split_pair
from ticketroute.model.ticket import TicketPriority

_WORDS = {
    TicketPriority.URGENT: (
        "urgent critical highest emergency blocker immediate veryhigh showstopper top"
    ),
    TicketPriority.HIGH: "high major important elevated",
    TicketPriority.NORMAL: "normal medium moderate standard default average mid",
    TicketPriority.LOW: "low lowest minor trivial planning verylow cosmetic minimal",
}
_LEVEL_OF = {word: level for level, words in _WORDS.items() for word in words.split()}
_LEVELS = tuple(TicketPriority)  # the most urgent first
_NUMBERED = re.compile(
    r"(?:(?:p|prio|priority|s|sev|severity|level|lvl|tier|impact)[\s.#:_-]*)?"
    r"(?P<number>\d{1,3})(?:\.0)?(?:[\s.:)\]-]+(?P<rest>.*))?",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)
_LAST_STEP = 5  # the longest scale that needs no option: 0 to 4, or 1 to 5
_TOLD = 3  # rows of a word that are told one by one


def level_named(option: str, written: str) -> TicketPriority:
    """Read a level as an option names it: ``urgent``, ``high``, ``normal``, ``low``, or 1 to 4.

    Raises:
        LogError: if it is none of these.
    """
    word = written.strip().lower()
    for level in _LEVELS:
        if word in (level.name.lower(), str(int(level))):
            return level
    raise LogError(f"{option} names the level {written!r}; levels are urgent, high, normal, low")


def chosen_priorities(
    pairs: Sequence[str], *, option: str = "--priority"
) -> dict[str, TicketPriority]:
    """Read ``word=level`` options.

    Raises:
        LogError: if one is not written so, or names a word twice.
    """
    chosen: dict[str, TicketPriority] = {}
    for pair in pairs:
        word, level = split_pair(pair, option, "word=level", "P0=urgent", last=True)
        if word.lower() in chosen:
            raise LogError(f"{option} gives the word {word!r} twice")
        chosen[word.lower()] = level_named(f"{option} {pair!r}", level)
    return chosen


@define
class Scale:
    """Meets the words of a log's priorities, and tells at its end what each means.

    ``chosen`` maps words in lower case to levels and beats everything else; numbers among them
    also tell which way round a scale of numbers is. ``layout`` is the same from a layout, and is
    beaten by ``chosen``.
    """

    chosen: Mapping[str, TicketPriority] = field(factory=dict)
    layout: Mapping[str, TicketPriority] = field(factory=dict)
    _rows: dict[str, list[int]] = field(factory=dict)  # the first rows of each word
    _counts: dict[str, int] = field(factory=dict)

    def meet(self, word: str, row: int) -> None:
        """Note a word and its row. O(1)."""
        count = self._counts.get(word, 0)
        self._counts[word] = count + 1
        if count < _TOLD:
            self._rows.setdefault(word, []).append(row)

    def levels(self, source: str) -> dict[str, TicketPriority]:
        """Return what each word that was met means.

        Raises:
            LogError: if words are unknown; it names them all, with their rows.
        """
        words = sorted(self._counts, key=lambda word: (-self._counts[word], word))
        numbers = self._numbers(words)
        found, unknown = dict[str, TicketPriority](), list[str]()
        for word in words:
            level = self._level(word, numbers)
            if level is None:
                unknown.append(word)
            else:
                found[word] = level
        if unknown:
            raise LogError(self._unknown(source, unknown))
        return found

    def said(self, levels: Mapping[str, TicketPriority]) -> str:
        """Return how each word was read, the most urgent first."""
        ordered = sorted(levels.items(), key=lambda each: (each[1], each[0]))
        return ", ".join(f"{word} = {level.name.lower()}" for word, level in ordered)

    def _level(self, word: str, numbers: Mapping[int, TicketPriority]) -> TicketPriority | None:
        for known in (self.chosen, self.layout):
            if word.lower() in known:
                return known[word.lower()]
        found = _level_of_words(word)
        if found is not None:
            return found
        numbered = _NUMBERED.fullmatch(word)
        return None if numbered is None else numbers.get(int(numbered["number"]))

    def _numbers(self, words: Iterable[str]) -> dict[int, TicketPriority]:
        """Return what the numbers of the log mean where no word beside them tells.

        The smallest number is the most urgent, unless a chosen number tells that it is the
        other way round.
        """
        met = {number for word in words if (number := _number(word)) is not None}
        anchors = {
            number: level
            for known in (self.layout, self.chosen)
            for word, level in known.items()
            if (number := _number(word)) is not None
        }
        if not met:
            return {}
        every = met | anchors.keys()
        first = 0 if 0 in every else 1
        if _is_upside_down(anchors, every):
            top = max(every)
            steps = {number: top - number for number in met}
        else:
            steps = {number: number - first for number in met}
        found = {
            number: _LEVELS[min(step, len(_LEVELS) - 1)]
            for number, step in steps.items()
            if step < _LAST_STEP
        }
        return found | anchors

    def _unknown(self, source: str, words: Sequence[str]) -> str:
        listed = "; ".join(
            f"{word!r} in {'row' if self._counts[word] == 1 else 'rows'} "
            + ", ".join(str(row) for row in self._rows[word])
            + (", ..." if self._counts[word] > _TOLD else "")
            for word in words[:10]
        )
        more = f"; and {len(words) - 10:,} more words" if len(words) > 10 else ""
        return (
            f"{source} has priorities that are not known: {listed}{more}; add --priority "
            f"{_quoted(words[0])}=LEVEL for each, where LEVEL is urgent, high, normal or low, or "
            "leave the column out with --map priority="
        )


def _quoted(word: str) -> str:
    return word if word.isalnum() else repr(word)


def _number(word: str) -> int | None:
    found = _NUMBERED.fullmatch(word)
    return None if found is None else int(found["number"])


def _level_of_words(written: str) -> TicketPriority | None:
    """Return the level that a word names, also beside a number: ``3 - Moderate``."""
    text = written.lower()
    numbered = _NUMBERED.fullmatch(text)
    if numbered is not None:
        text = numbered["rest"] or ""
    parts = [part for part in re.split(r"[\W_\d]+", text) if part]
    whole = "".join(parts)
    if whole in _LEVEL_OF:
        return _LEVEL_OF[whole]
    named = {_LEVEL_OF[part] for part in parts if part in _LEVEL_OF}
    return named.pop() if len(named) == 1 and not _weighs(parts) else None


def _weighs(parts: Iterable[str]) -> bool:
    """Return whether a word turns what stands beside it: ``not urgent``."""
    return any(part in ("not", "non", "no", "very", "less", "below", "above") for part in parts)


def _is_upside_down(anchors: Mapping[int, TicketPriority], every: Iterable[int]) -> bool:
    """Return whether the largest number is the most urgent."""
    if not anchors:
        return False
    low, high = min(anchors), max(anchors)
    if low != high:
        return anchors[high] < anchors[low]
    level = anchors[low]
    if level is TicketPriority.URGENT:
        return low == max(every) and low > min(every)
    return level is TicketPriority.LOW and low == min(every) and low < max(every)
