"""What conditions hold for, and how they combine."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketroute import Calendar, Ticket, TicketPriority, hours
from ticketroute.errors import InvalidValueError
from ticketroute.model import CalendarId
from ticketroute.rules import (
    AddTags,
    AllOf,
    Always,
    AnyOf,
    AttributeCompares,
    AttributeContains,
    AttributeIs,
    ChannelIs,
    Comparison,
    Condition,
    HasTag,
    Keywords,
    LanguageIs,
    Not,
    Pattern,
    PriorityIs,
    QueueIs,
    RequesterIs,
    Rule,
    Ruleset,
    TierIs,
    Within,
)
from ticketroute.rules.draft import Draft
from ticketroute.sla import Versions

a_ticket: Any = Ticket  # ids of a test are plain texts


def bad(value: object) -> Any:
    return value


TICKET: Ticket = a_ticket(
    id="t1",
    queue="mail",
    channel="email",
    priority=TicketPriority.HIGH,
    tags={"refund", "eu"},
    requester="maria",
    attributes={"tier": "gold", "language": "de-AT", "seats": "250", "plan": "Team Plus"},
)
TEXT = "My BILL is wrong.\nPlease give the money  back, über-quick!"


def holds(condition: Condition, *, ticket: Ticket = TICKET, text: str | None = TEXT) -> bool:
    draft = Draft(ticket=ticket, at=0, text=text)
    answer = condition.holds(draft)
    assert (condition.unmet(draft) is None) is answer
    return answer


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        (Always(), True),
        (ChannelIs("email"), True),
        (ChannelIs({"chat", "call"}), False),
        (QueueIs("mail"), True),
        (QueueIs({"sales"}), False),
        (PriorityIs(TicketPriority.HIGH), True),
        (PriorityIs({TicketPriority.LOW, TicketPriority.NORMAL}), False),
        (HasTag({"refund", "vip"}), True),
        (HasTag("vip"), False),
        (RequesterIs("maria"), True),
        (RequesterIs("mar"), False),
        (TierIs({"gold", "vip"}), True),
        (TierIs("silver"), False),
        (LanguageIs("de"), True),
        (LanguageIs("DE-at"), True),
        (LanguageIs("de-CH"), False),
        (LanguageIs("d"), False),
        (AttributeIs("plan", {"Team Plus", "Solo"}), True),
        (AttributeIs("plan", "team plus"), False),
        (AttributeIs("nothing", "x"), False),
        (AttributeContains("plan", "PLUS"), True),
        (AttributeContains("plan", "solo"), False),
        (AttributeContains("nothing", "x"), False),
        (Keywords("bill"), True),
        (Keywords("bil"), False),
        (Keywords({"invoice", "Money back"}), True),
        (Keywords("give money"), False),
        (Keywords("money b"), False),
        (Keywords("the mon"), False),
        (Keywords("ÜBER"), True),
        (Pattern(r"money\s+back"), True),
        (Pattern(r"bill", ignore_case=False), False),
        (Pattern(r"BILL", ignore_case=False), True),
        (Pattern(r"^bill"), False),
    ],
    ids=str,
)
def test_a_condition_holds_for_what_it_says(condition: Condition, answer: bool) -> None:
    assert holds(condition) is answer
    assert holds(~condition) is not answer


@pytest.mark.parametrize(
    ("how", "value", "answer"),
    [
        (Comparison.AT_LEAST, 250, True),
        (Comparison.AT_LEAST, "250.01", False),
        (Comparison.ABOVE, "249.99", True),
        (Comparison.ABOVE, 250, False),
        (Comparison.AT_MOST, 250, True),
        (Comparison.AT_MOST, 249, False),
        (Comparison.BELOW, 251, True),
        (Comparison.BELOW, 250, False),
    ],
)
def test_an_attribute_compares_as_a_number(how: Comparison, value: int | str, answer: bool) -> None:
    assert holds(AttributeCompares("seats", how, value)) is answer


@pytest.mark.parametrize("written", ["", "many", "NaN", "Infinity", "1e", "1" * 41])
def test_an_attribute_that_is_no_number_compares_with_nothing(written: str) -> None:
    ticket = a_ticket(id="t1", attributes={"seats": written})
    for how in Comparison:
        assert not holds(AttributeCompares("seats", how, 0), ticket=ticket)


@pytest.mark.parametrize("text", [None, ""])
def test_without_a_text_no_word_is_found(text: str | None) -> None:
    assert not holds(Keywords("bill"), text=text)
    assert not holds(Pattern("bill"), text=text)


@pytest.mark.parametrize(
    ("keyword", "text"),
    [("返金", "商品の返金をお願いします"), ("คืนเงิน", "ขอคืนเงินด้วย"), ("\ufb01le", "FILE lost")],
)
def test_keywords_are_found_in_other_scripts_and_forms(keyword: str, text: str) -> None:
    assert holds(Keywords(keyword), text=text)
    assert not holds(Keywords(keyword), text="nothing of it")


def test_business_hours_are_those_of_the_calendar_handed_over() -> None:
    office = Versions.of(Calendar(hours={"thu": [("09:00", "17:00")]}))  # 1970-01-01 is a Thursday
    condition = Within(CalendarId("office"))
    for hour, is_open in ((8, False), (9, True), (16, True), (17, False)):
        draft = Draft(ticket=TICKET, at=hours(hour), calendars={CalendarId("office"): office})
        assert condition.holds(draft) is is_open


def test_a_calendar_that_nobody_handed_over_is_refused_by_name() -> None:
    draft = Draft(ticket=TICKET, at=0)
    with pytest.raises(InvalidValueError, match="'office'; it must be one that is handed over"):
        Within(CalendarId("office")).holds(draft)


leaves = st.sampled_from(
    [Always(), ChannelIs("email"), ChannelIs("chat"), HasTag("vip"), HasTag("eu"), TierIs("gold")]
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda two: two[0] & two[1]),
        st.tuples(inner, inner).map(lambda two: two[0] | two[1]),
        inner.map(lambda one: ~one),
    ),
    max_leaves=8,
)
tickets = st.builds(
    a_ticket,
    id=st.just("t1"),
    channel=st.sampled_from(["email", "chat"]),
    tags=st.sets(st.sampled_from(["vip", "eu"])),
    attributes=st.sampled_from([{}, {"tier": "gold"}]),
)


@given(conditions, conditions, tickets)
def test_and_or_and_not_are_those_of_logic(one: Condition, two: Condition, ticket: Ticket) -> None:
    first, second = holds(one, ticket=ticket), holds(two, ticket=ticket)
    assert holds(one & two, ticket=ticket) is (first and second)
    assert holds(one | two, ticket=ticket) is (first or second)
    assert holds(~one, ticket=ticket) is not first


@given(conditions)
def test_a_condition_survives_copies_and_pickles(condition: Condition) -> None:
    assert copy.deepcopy(condition) == condition
    assert pickle.loads(pickle.dumps(condition)) == condition  # noqa: S301  our own


def test_a_pattern_survives_a_pickle() -> None:
    again = pickle.loads(pickle.dumps(Pattern("bill")))  # noqa: S301  our own
    assert again == Pattern("bill")
    assert holds(again)


def test_the_first_part_that_fails_is_named() -> None:
    draft = Draft(ticket=TICKET, at=0)
    condition = ChannelIs("email") & (HasTag("vip") | TierIs("silver")) & QueueIs("sales")
    assert condition.unmet(draft) == "tag is vip or tier is silver"
    assert (
        str(condition) == "channel is email and (tag is vip or tier is silver) and queue is sales"
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: HasTag([]), "HasTag.values is set(); it must be at least one value"),
        (lambda: ChannelIs(bad(7)), "the values of a condition is 7"),
        (lambda: PriorityIs(bad("high")), "it must be TicketPriority"),
        (lambda: HasTag(["a", "x" * 201]), "1 to 200 characters long"),
        (lambda: Keywords([]), "at least one keyword"),
        (lambda: Keywords(["!?"]), "letters or digits"),
        (lambda: AttributeContains("plan", ""), "at least one character"),
        (lambda: AttributeIs("plan", []), "at least one value"),
        (lambda: AttributeCompares("seats", Comparison.ABOVE, float("nan")), "decimal"),
        (lambda: AttributeCompares("seats", Comparison.ABOVE, "NaN"), "decimal"),
        (lambda: AttributeCompares("seats", Comparison.ABOVE, True), "decimal"),
        (lambda: Pattern("(a"), "missing )"),
        (lambda: Pattern("(?=a)b"), "RE2"),
        (lambda: Pattern(r"(a)\1"), "RE2"),
        (lambda: Pattern("a{,3}"), "{0,3} and not {,3}"),
        (lambda: Pattern(""), "1 to 1000 characters"),
        (lambda: Pattern("a" * 1001), "1 to 1000 characters"),
        (lambda: Pattern("((a{1000}){1000}){1000}"), "RE2"),
        (lambda: AllOf([]), "from 1 to 1000"),
        (lambda: AnyOf([HasTag("a")] * 1001), "from 1 to 1000"),
        (lambda: AllOf(bad(["vip"])), "a part of a condition is 'vip'; it must be a Condition"),
        (lambda: Not(bad("vip")), "of type Condition"),
        (lambda: Rule(name="r", when=bad("vip"), stop=True), "of type Condition"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(
    make: Callable[[], object], message: str
) -> None:
    with pytest.raises(InvalidValueError) as refused:
        make()
    assert message in str(refused.value)


def test_a_condition_combines_with_conditions_only() -> None:
    with pytest.raises(TypeError):
        HasTag("a") & "b"  # type: ignore[operator]
    with pytest.raises(TypeError):
        HasTag("a") | "b"  # type: ignore[operator]


def test_a_pattern_that_exhausts_others_is_linear_here() -> None:
    """(a+)+$ takes other engines 2^n steps; a long answer would hang this test."""
    assert not holds(Pattern("(a+)+$"), text="a" * 100_000 + "!")


def test_without_the_package_a_pattern_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr("ticketroute.rules.patterns.import_module", missing)
    with pytest.raises(InvalidValueError, match="use keywords"):
        Pattern("bill")
    assert holds(Keywords("bill"))


def test_keywords_from_a_set_are_described_in_one_order() -> None:
    words = {f"word {number}" for number in range(10, 40)}
    assert Keywords(words) == Keywords(sorted(words))
    assert str(Keywords(words)) == str(Keywords(sorted(words)))


@pytest.mark.parametrize("text", ["abc \udc80 b\udc80c", "\ud83d abc"])
def test_a_text_with_halves_of_characters_is_searched_like_any_other(text: str) -> None:
    rules = Ruleset([Rule(name="r", when=Pattern("abc"), then=[AddTags("found")])])
    assert rules.apply(a_ticket(id="t1", queue="q"), at=0, text=text).fired
    with pytest.raises(InvalidValueError, match="halves of characters"):
        Pattern("a\udc80")
