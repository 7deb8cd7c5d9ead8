"""A text as words, so that keywords are found in time linear in the text."""

from __future__ import annotations

import re
import unicodedata

from attrs import field, frozen

_WORD = re.compile(r"\w+")
# Scripts written without blanks between words: Thai, Lao, Myanmar, Khmer, kana, Han. A keyword in
# one of them is found inside a run of letters as well.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()  # the same, and ten times as fast
    return unicodedata.normalize("NFKC", text).casefold()


@frozen
class Keyword:
    """A word or several in a row, in the form in which they are looked up.

    >>> Keyword.of("Money  back").words
    ('money', 'back')
    """

    words: tuple[str, ...]
    inside: bool = False  # of a script without blanks: found anywhere in the text

    @classmethod
    def of(cls, written: str) -> Keyword:
        """Return a keyword as people write it; letter case and accents' form do not count."""
        folded = _folded(written)
        if _UNSPACED.search(folded):
            return cls((folded.strip(),), inside=True)
        return cls(tuple(_WORD.findall(folded)))


@frozen
class Words:
    """The words of one text."""

    found: frozenset[str]
    row: str = field(repr=False)  # all words in order, a blank before, between and after
    folded: str = field(repr=False)

    @classmethod
    def of(cls, text: str) -> Words:
        """Split a text. O(text)."""
        folded = _folded(text)
        words = _WORD.findall(folded)
        return cls(frozenset(words), f" {' '.join(words)} ", folded)

    def has(self, keyword: Keyword) -> bool:
        """Return whether the text has the keyword as whole words in a row. O(1), or O(text)."""
        if keyword.inside:
            return keyword.words[0] in self.folded
        if keyword.words[0] not in self.found:
            return False
        return len(keyword.words) == 1 or f" {' '.join(keyword.words)} " in self.row
