"""Rules make of a ticket what the plainest reading makes of it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from plain_rules import ruled

from ticketroute import Calendar, Ticket, TicketPriority, hours
from ticketroute.rules import (
    Action,
    AddTags,
    Always,
    AskSkills,
    AttributeCompares,
    AttributeContains,
    AttributeIs,
    ChannelIs,
    Comparison,
    Condition,
    HasTag,
    Keywords,
    LanguageIs,
    Moment,
    Prefer,
    PriorityIs,
    QueueIs,
    RaisePriority,
    RemoveTags,
    RequesterIs,
    Rule,
    Ruleset,
    SetPolicy,
    SetPriority,
    SetQueue,
    SetWeight,
    TierIs,
    Within,
)
from ticketroute.sla import Versions

names = st.sampled_from("abc")
some_names = st.sets(names, min_size=1, max_size=2)
priorities = st.sampled_from(TicketPriority)
numbers = st.sampled_from(["1", "2", "2.0", "10", "x", "NaN", ""])
leaves: st.SearchStrategy[Condition] = st.one_of(
    st.just(Always()),
    some_names.map(ChannelIs),
    some_names.map(QueueIs),
    st.sets(priorities, min_size=1).map(PriorityIs),
    st.sets(st.sampled_from(["a", "b", "sla:a"]), min_size=1).map(HasTag),
    some_names.map(RequesterIs),
    some_names.map(TierIs),
    st.sampled_from(["de", "de-at", "en"]).map(LanguageIs),
    st.builds(AttributeIs, st.just("tier"), some_names),
    st.builds(AttributeContains, st.just("tier"), names),
    st.builds(
        AttributeCompares, st.just("seats"), st.sampled_from(Comparison), st.sampled_from([1, 2, 9])
    ),
    st.just(Within("office")),
    st.lists(st.sampled_from(["bill", "money back", "my bill", "Straße"]), min_size=1).map(
        Keywords
    ),
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda two: two[0] & two[1]),
        st.tuples(inner, inner).map(lambda two: two[0] | two[1]),
        inner.map(lambda one: ~one),
    ),
    max_leaves=6,
)
actions: st.SearchStrategy[Action] = st.one_of(
    names.map(SetQueue),
    priorities.map(SetPriority),
    priorities.map(RaisePriority),
    st.dictionaries(names, st.integers(1, 10), min_size=1).map(AskSkills),
    names.map(Prefer),
    some_names.map(AddTags),
    some_names.map(RemoveTags),
    st.integers(1, 3).map(SetWeight),
    names.map(SetPolicy),
)
on_change = actions.filter(lambda action: not isinstance(action, SetPolicy))


@st.composite
def some_rules(draw: st.DrawFn) -> list[Rule]:
    """Generate rules in their order."""
    made = []
    for number in range(draw(st.integers(0, 7))):
        on: Any = draw(st.sampled_from([Moment.SUBMITTED, Moment.SUBMITTED, list(Moment)]))
        kind = actions if on is Moment.SUBMITTED else on_change
        made.append(
            Rule(
                name=f"r{number}",
                when=draw(conditions),
                then=draw(st.lists(kind, min_size=1, max_size=3)),
                stop=draw(st.sampled_from([False, False, True])),
                on=on,
            )
        )
    return made


tickets = st.builds(
    Ticket,
    id=st.just("t1"),
    queue=st.none() | names,
    channel=names,
    priority=priorities,
    tags=st.sets(names),
    skills=st.dictionaries(names, st.integers(1, 10), max_size=2),
    requester=st.none() | names,
    attributes=st.fixed_dictionaries(
        {},
        optional={
            "tier": st.sampled_from(["a", "b", "AB"]),
            "language": st.sampled_from(["de", "DE_at", "dex", "en-GB"]),
            "seats": numbers,
        },
    ),
)
texts = st.sampled_from(
    [None, "", "My BILL, please", "money  back", "back money", "billing", "STRASSE", "money\nback!"]
)
OFFICE = {"office": Versions.of(Calendar(hours={"thu": [("09:00", "17:00")]}))}


@given(some_rules(), tickets, texts, st.sampled_from([0, hours(10)]), st.sampled_from(Moment))
def test_rules_make_of_a_ticket_what_the_plainest_reading_makes(
    rules: list[Rule], ticket: Ticket, text: str | None, at: int, moment: Moment
) -> None:
    outcome = Ruleset(rules).apply(ticket, at=at, text=text, calendars=OFFICE, moment=moment)
    plain, acted = ruled(rules, ticket, at=at, text=text, calendars=OFFICE, moment=moment)
    assert outcome.ticket == plain
    assert [each.rule for each in outcome.fired] == acted
