"""The name of a strategy with its options: a value that can be written, compared and stored."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn, Protocol

from attrs import Attribute, field, frozen

from ticketroute.errors import InvalidValueError
from ticketroute.model.checks import check_id, check_text, check_whole
from ticketroute.model.frozen import EMPTY, read_only

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_TOKEN = re.compile(r"\s*(?:([A-Za-z0-9_.-]+)|([(),=]))")
_NO_WORDS = ("", "(", ")", ",", "=")  # "" is the end
_FORM = "a strategy's name, such as round_robin or priority(then=round_robin)"
_DEEPEST = 4  # levels of strategies within strategies: more than any queue needs
_LARGEST_OPTION = 10**15  # milliseconds or a count: more than any use needs, and still exact


def _options(
    options: Mapping[str, int | str | StrategySpec],
) -> Mapping[str, int | StrategySpec]:
    return read_only(
        {
            name: StrategySpec.of(value) if isinstance(value, str) else value
            for name, value in read_only(options, "StrategySpec.options").items()
        }
    )


def _check_name(_: object, __: Attribute[str], name: object) -> None:
    check_id("StrategySpec.name", name)
    if not _NAME.match(str(name)):
        raise InvalidValueError(
            "StrategySpec.name", name, "lower case letters, digits and _, beginning with a letter"
        )


def _check_options(
    _: object,
    __: Attribute[Mapping[str, int | StrategySpec]],
    options: Mapping[str, int | StrategySpec],
) -> None:
    for name, value in options.items():
        check_id("an option in StrategySpec.options", name)
        if not isinstance(value, StrategySpec):
            check_whole(f"StrategySpec.options[{name!r}]", value, 0, _LARGEST_OPTION)
        elif value.depth == _DEEPEST:
            raise InvalidValueError(
                f"StrategySpec.options[{name!r}]", str(value), f"at most {_DEEPEST - 1} deep"
            )


@frozen
class StrategySpec:
    """The name of a strategy and its options.

    >>> str(StrategySpec("priority", {"then": StrategySpec("round_robin")}))
    'priority(then=round_robin)'
    >>> StrategySpec.of("fewest_taken(window=3600000)").options["window"]
    3600000
    """

    name: str = field(validator=_check_name)
    options: Mapping[str, int | StrategySpec] = field(
        default=EMPTY, converter=_options, validator=_check_options
    )

    @classmethod
    def of(cls, written: StrategySpec | str | Selecting) -> StrategySpec:
        """Parse a strategy as people write it: ``name`` or ``name(option=value, ...)``.

        An option's value is a whole number or another strategy. A strategy object, or its class,
        is registered for this process under the name of its class in snake case.

        Raises:
            InvalidValueError: if ``written`` does not have this form, or if another strategy has
                the name of an object's class.
        """
        if isinstance(written, StrategySpec):
            return written
        if hasattr(written, "select"):
            return cls(_registered(written))
        check_text("strategy", written, most=200)
        return _Reader(written).whole()

    @property
    def depth(self) -> int:
        """Return how many levels of strategies there are, this one included."""
        inside = [value for value in self.options.values() if isinstance(value, StrategySpec)]
        return 1 + max((spec.depth for spec in inside), default=0)

    def __str__(self) -> str:
        if not self.options:
            return self.name
        inside = ", ".join(f"{name}={value}" for name, value in self.options.items())
        return f"{self.name}({inside})"


class Selecting(Protocol):
    """A strategy object, as far as a queue needs to recognise one."""

    def select(self, *args: Any, **kwargs: Any) -> Any:
        """Return whom the strategy asks."""
        ...


#: Strategies that this process registered, by name: see ``ticketroute.strategies.register``.
REGISTERED: dict[str, Callable[..., Any]] = {}


def _registered(strategy: Any) -> str:
    """Register a strategy object or class under the name of its class; return the name."""
    kind = strategy if isinstance(strategy, type) else type(strategy)
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind.__name__).lower().lstrip("_")
    known = REGISTERED.get(name)
    if kind is strategy:
        if known is not None and known is not kind:
            raise InvalidValueError("strategy", kind.__name__, _TAKEN.format(name))
        REGISTERED[name] = kind
        return name
    if known is not None and not (isinstance(known, _Copies) and known.are_of(strategy)):
        raise InvalidValueError("strategy", kind.__name__, _TAKEN.format(name))
    if known is None:
        if getattr(kind, "draws", False):
            raise InvalidValueError(
                "strategy", kind.__name__, "given as its class: it draws, and is made with source="
            )
        REGISTERED[name] = _Copies(copy.deepcopy(strategy))
    return name


_TAKEN = "registered under another name with strategies.register(): {!r} is taken"


class _Copies:
    """Makes copies of a strategy object that has not been used."""

    def __init__(self, unused: Any) -> None:
        self._unused = unused
        self.__doc__ = type(unused).__doc__

    def are_of(self, strategy: Any) -> bool:
        """Return whether a strategy is one like these."""
        return type(strategy) is type(self._unused) and vars(strategy) == vars(self._unused)

    def __call__(self) -> Any:
        return copy.deepcopy(self._unused)


class _Reader:
    """Reads one written strategy from left to right."""

    def __init__(self, written: str) -> None:
        self._written = written
        self._tokens = self._split()
        self._next = next(self._tokens, "")

    def whole(self) -> StrategySpec:
        spec = self._spec(depth=1)
        if self._next:
            self._fail()
        return spec

    def _spec(self, *, depth: int) -> StrategySpec:
        name = self._word()
        options: dict[str, int | StrategySpec] = {}
        if self._next == "(":
            self._take("(")
            while self._next != ")":
                option = self._word()
                self._take("=")
                if option in options or depth == _DEEPEST:
                    self._fail()
                options[option] = (
                    int(self._word()) if self._next.isdecimal() else self._spec(depth=depth + 1)
                )
                if self._next != ")":
                    self._take(",")
            self._take(")")
        return StrategySpec(name, options)

    def _word(self) -> str:
        word = self._next
        if word in _NO_WORDS:
            self._fail()
        self._next = next(self._tokens, "")
        return word

    def _take(self, mark: str) -> None:
        if self._next != mark:
            self._fail()
        self._next = next(self._tokens, "")

    def _split(self) -> Iterator[str]:
        written, place = self._written.rstrip(), 0
        while place < len(written):
            token = _TOKEN.match(written, place)
            if token is None:
                self._fail()
            yield token[1] or token[2]
            place = token.end()

    def _fail(self) -> NoReturn:
        raise InvalidValueError("strategy", self._written, _FORM)
