"""Rules in order: what they do, what they say, and which can never act."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketroute import Dispatcher, Metric, Policy, Queue, Target, Ticket, TicketPriority
from ticketroute.errors import InvalidValueError
from ticketroute.model import PolicyId
from ticketroute.model.events import TicketSubmitted
from ticketroute.rules import (
    AddTags,
    Always,
    AskSkills,
    AttributeIs,
    ChannelIs,
    Classification,
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
    unreachable,
    urgency_and_impact,
)

URGENT, HIGH, NORMAL, LOW = TicketPriority
a_ticket: Any = Ticket  # ids of a test are plain texts
a_queue: Any = Queue
to_queue: Any = SetQueue


def bad(value: object) -> Any:
    return value


def test_every_action_changes_what_it_says() -> None:
    rules = Ruleset(
        [
            Rule(
                name="all",
                then=[
                    to_queue("sales"),
                    SetPriority(HIGH),
                    AskSkills({"spanish": 3}),
                    AskSkills(["refunds"]),
                    Prefer(bad("ana")),
                    AddTags({"b", "c"}),
                    RemoveTags("a"),
                    SetWeight(2),
                ],
            )
        ]
    )
    ticket = a_ticket(id="t1", queue="mail", tags={"a"}, skills={"spanish": 5})
    assert rules.apply(ticket, at=0).ticket == a_ticket(
        id="t1",
        queue="sales",
        priority=HIGH,
        skills={"spanish": 5, "refunds": 1},
        prefer="ana",
        tags={"b", "c"},
        weight=2,
    )


def test_a_rule_sees_what_the_rules_before_it_did() -> None:
    rules = Ruleset(
        [
            Rule(name="one", when=HasTag("a"), then=[AddTags("b")]),
            Rule(name="two", when=HasTag("b"), then=[to_queue("q2")]),
            Rule(name="three", when=QueueIs("q2"), then=[SetPriority(LOW)]),
            Rule(name="four", when=PriorityIs(LOW), then=[SetWeight(3)]),
        ]
    )
    assert rules.apply(a_ticket(id="t1", tags={"a"}), at=0).ticket.weight == 3
    assert rules.apply(a_ticket(id="t1"), at=0).ticket == a_ticket(id="t1")


def test_no_rule_is_asked_after_one_that_stops() -> None:
    rules = Ruleset(
        [
            Rule(name="spam", when=HasTag("spam"), then=[to_queue("bin")], stop=True),
            Rule(name="rest", then=[to_queue("mail")]),
        ]
    )
    assert rules.apply(a_ticket(id="t1", tags={"spam"}), at=0).ticket.queue == "bin"
    assert rules.apply(a_ticket(id="t1"), at=0).ticket.queue == "mail"


def test_a_priority_is_raised_and_never_lowered() -> None:
    rules = Ruleset([Rule(name="vip", then=[RaisePriority(HIGH)])])
    for before, after in ((LOW, HIGH), (HIGH, HIGH), (URGENT, URGENT)):
        assert rules.apply(a_ticket(id="t1", priority=before), at=0).ticket.priority is after


def test_the_trace_says_what_each_rule_did_and_why_others_did_not() -> None:
    rules = Ruleset(
        [
            Rule(name="vip", when=TierIs("vip"), then=[SetPriority(HIGH)]),
            Rule(name="refund", when=Keywords("refund"), then=[AddTags("refund")], stop=True),
            Rule(name="never", then=[SetWeight(9)]),
        ]
    )
    outcome = rules.apply(a_ticket(id="t1"), at=0, text="A refund, please", trace=True)
    assert str(outcome) == (
        "vip: skipped, not so: tier is vip\nrefund: tags {} -> {refund}; no later rule is asked"
    )
    assert [each.rule for each in outcome.fired] == ["refund"]
    assert str(rules.apply(a_ticket(id="t1"), at=0).trace) == "()"


def test_a_trace_changes_nothing_in_the_result() -> None:
    rules = urgency_and_impact()
    ticket = a_ticket(id="t1", attributes={"urgency": "low", "impact": "high"})
    plain, traced = rules.apply(ticket, at=0), rules.apply(ticket, at=0, trace=True)
    assert (plain.ticket, plain.fired) == (traced.ticket, traced.fired)
    assert len(traced.trace) == 9


def test_a_rule_that_changes_nothing_says_so() -> None:
    rules = Ruleset([Rule(name="same", then=[SetPriority(NORMAL)])])
    assert str(rules.apply(a_ticket(id="t1"), at=0)) == "same: nothing changed"
    assert str(Ruleset().apply(a_ticket(id="t1"), at=0)) == "no rule held"


def test_the_result_is_in_the_event_and_no_word_of_the_text() -> None:
    rules = Ruleset(
        [Rule(name="r", when=Keywords("secretword"), then=[to_queue("q"), AddTags("x")])]
    )
    desk = Dispatcher()
    desk.add_queue(a_queue(id="q"), at=0)
    outcome = rules.apply(
        a_ticket(id="t1", attributes={"a": "private"}), at=0, text="a secretword here"
    )
    events = desk.submit(outcome.ticket, at=0)
    (submitted,) = [event for event in events if isinstance(event, TicketSubmitted)]
    assert (submitted.queue_id, submitted.ticket.tags) == ("q", frozenset({"x"}))
    assert "secretword" not in repr(events)
    assert "private" not in repr(events)


def test_a_rule_chooses_the_policy_of_targets() -> None:
    desk = Dispatcher()
    desk.add_queue(a_queue(id="q"), at=0)
    gold = Policy(
        id=PolicyId("gold"), tags={"sla:gold"}, targets={Metric.RESOLUTION: Target(within=1_000)}
    )
    desk.set_policies([gold], at=0)
    rules = Ruleset([Rule(name="gold", when=TierIs("gold"), then=[SetPolicy(PolicyId("gold"))])])
    for name, attributes, promised in (("t1", {"tier": "gold"}, ["gold"]), ("t2", {}, [])):
        outcome = rules.apply(a_ticket(id=name, queue="q", attributes=attributes), at=0)
        desk.submit(outcome.ticket, at=0)
        assert [clock.policy_id for clock in desk.clocks(outcome.ticket.id)] == promised
        assert outcome.policy == (promised[0] if promised else None)


def test_a_later_rule_replaces_the_policy_of_an_earlier_one() -> None:
    rules = Ruleset(
        [
            Rule(name="one", then=[SetPolicy(PolicyId("silver"))]),
            Rule(name="two", then=[SetPolicy(PolicyId("gold"))]),
        ]
    )
    outcome = rules.apply(a_ticket(id="t1", tags={"other"}), at=0)
    assert outcome.ticket.tags == {"other", "sla:gold"}
    assert outcome.policy == "gold"


def test_a_rule_runs_at_the_moments_it_names() -> None:
    rules = Ruleset(
        [
            Rule(name="in", then=[AddTags("in")]),
            Rule(name="change", then=[SetPriority(HIGH)], on=Moment.CHANGED),
            Rule(name="both", then=[to_queue("q")], on=[Moment.SUBMITTED, Moment.CHANGED]),
        ]
    )
    ticket = a_ticket(id="t1")
    came = rules.apply(ticket, at=0).ticket
    changed = rules.apply(ticket, at=0, moment=Moment.CHANGED).ticket
    assert (came.tags, came.priority, came.queue) == (frozenset({"in"}), NORMAL, "q")
    assert (changed.tags, changed.priority, changed.queue) == (frozenset(), HIGH, "q")


# --- a classifier -----------------------------------------------------------------------------


class Fixed:
    def __init__(self, said: Classification) -> None:
        self.said = said
        self.asked = 0

    def classify(self, ticket: Ticket, text: str) -> Classification:
        self.asked += 1
        return self.said


@pytest.mark.parametrize(("confidence", "is_set"), [(0.79, False), (0.8, True), (1.0, True)])
def test_a_classifier_below_the_threshold_sets_nothing(confidence: float, is_set: bool) -> None:
    fixed = Fixed(Classification(tags={"billing"}, priority=HIGH, confidence=confidence))
    rules = Ruleset(
        [Rule(name="r", when=HasTag("billing"), then=[to_queue("b")])], classifier=fixed
    )
    outcome = rules.apply(a_ticket(id="t1"), at=0, text="my bill", trace=True)
    assert (outcome.ticket.queue == "b") is is_set
    assert (outcome.ticket.priority is HIGH) is is_set
    assert str(outcome.trace[0]).startswith("classifier: " + ("tags" if is_set else "skipped"))


def test_a_classifier_is_not_asked_without_a_text_or_on_a_change() -> None:
    fixed = Fixed(Classification(confidence=1.0))
    rules = Ruleset(classifier=fixed)
    rules.apply(a_ticket(id="t1"), at=0)
    rules.apply(a_ticket(id="t1"), at=0, text="x", moment=Moment.CHANGED)
    assert fixed.asked == 0


# --- bad input --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Rule(name="r"), "rule 'r' is 'without an effect'"),
        (lambda: Rule(name="", stop=True), "1 to 200 characters"),
        (lambda: Rule(name="r", then=bad(["urgent"])), "one of Rule.then is 'urgent'"),
        (lambda: Rule(name="r", stop=True, on=[]), "one Moment, or both"),
        (
            lambda: Rule(name="r", then=[SetPolicy("gold")], on=Moment.CHANGED),
            "choosing an SLA policy on a change",
        ),
        (lambda: Ruleset([Rule(name="a", stop=True)] * 2), "the name of a rule is 'a'"),
        (lambda: Ruleset(bad(["a"])), "one of Ruleset.rules is 'a'"),
        (lambda: Ruleset([], least_confidence=1.5), "from 0.0 to 1.0"),
        (lambda: Ruleset([], least_confidence=float("nan")), "from 0.0 to 1.0"),
        (lambda: Classification(confidence=float("nan")), "from 0.0 to 1.0"),
        (lambda: SetWeight(0), "from 1 to"),
        (lambda: SetWeight(True), "whole number"),
        (lambda: SetPriority(bad("high")), "TicketPriority.HIGH"),
        (lambda: AskSkills({"a": 11}), "from 1 to 10"),
        (lambda: AddTags([]), "at least one tag"),
        (lambda: SetPolicy(bad("x" * 197)), "1 to 200 characters"),
        (lambda: Ruleset().apply(bad("t1"), at=0), "a Ticket"),
        (lambda: Ruleset().apply(a_ticket(id="t1"), at=0, moment=bad("now")), "a Moment"),
        (lambda: Ruleset().apply(a_ticket(id="t1"), at=bad(0.5)), "an instant"),
        (lambda: Ruleset().apply(a_ticket(id="t1"), at=0, text=bad(b"x")), "a string, or None"),
        (
            lambda: Ruleset().apply(a_ticket(id="t1"), at=0, text="x" * 1_000_001),
            "hand over its beginning",
        ),
        (
            lambda: Ruleset(classifier=Fixed(bad("no"))).apply(a_ticket(id="t1"), at=0, text="x"),
            "a Classification",
        ),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(InvalidValueError) as refused:
        make()
    assert message in str(refused.value)


# --- the matrix -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("urgency", "impact", "priority"),
    [
        ("high", "high", URGENT),
        ("high", "medium", HIGH),
        ("medium", "high", HIGH),
        ("high", "low", NORMAL),
        ("medium", "medium", NORMAL),
        ("low", "high", NORMAL),
        ("medium", "low", LOW),
        ("low", "medium", LOW),
        ("low", "low", LOW),
    ],
)
def test_urgency_and_impact_give_the_priority_of_the_matrix(
    urgency: str, impact: str, priority: TicketPriority
) -> None:
    given_names = {"how_soon": urgency, "how_wide": impact}
    rules = urgency_and_impact(urgency="how_soon", impact="how_wide")
    assert rules.apply(a_ticket(id="t1", attributes=given_names), at=0).ticket.priority is priority


def test_a_ticket_without_impact_keeps_its_priority() -> None:
    ticket = a_ticket(id="t1", priority=URGENT, attributes={"urgency": "low"})
    assert urgency_and_impact().apply(ticket, at=0).ticket.priority is URGENT


# --- rules that can never act ---------------------------------------------------------------------


def why(*rules: Rule) -> dict[str, str]:
    return {rule.name: reason for rule, reason in unreachable(rules)}


def test_a_rule_behind_one_that_stops_on_everything_is_found() -> None:
    stop = Rule(name="all", when=Always(), stop=True)
    assert why(stop, Rule(name="late", when=HasTag("a"), then=[SetWeight(2)])) == {
        "late": "rule 'all' before it stops on every ticket it holds for"
    }


def test_a_narrower_condition_behind_a_stop_is_found() -> None:
    wide = Rule(name="wide", when=ChannelIs({"chat", "call"}), stop=True)
    narrow = Rule(name="narrow", when=ChannelIs("chat") & TierIs("vip"), then=[SetWeight(2)])
    assert set(why(wide, narrow)) == {"narrow"}
    assert why(narrow, wide) == {}


def test_a_condition_that_contradicts_itself_is_found() -> None:
    both = Rule(name="both", when=ChannelIs("chat") & ChannelIs("call"), stop=True)
    never = Rule(name="never", when=TierIs("vip") & ~TierIs({"vip", "gold"}), stop=True)
    two_tags = Rule(name="two tags", when=HasTag("a") & HasTag("b"), stop=True)
    two_names = Rule(
        name="two names", when=AttributeIs("a", "1") & AttributeIs("b", "2"), stop=True
    )
    assert set(why(both, never, two_tags, two_names)) == {"both", "never"}


def test_a_rule_for_changes_is_reached_behind_a_stop_for_what_comes_in() -> None:
    stop = Rule(name="stop", stop=True)
    change = Rule(name="change", then=[SetPriority(HIGH)], on=Moment.CHANGED)
    assert why(stop, change) == {}
    assert set(why(Rule(name="stop", stop=True, on=list(Moment)), change)) == {"change"}


def test_a_rule_is_reached_if_an_action_between_makes_its_condition_hold() -> None:
    rules = [
        Rule(name="stop", when=HasTag("a"), stop=True),
        Rule(name="tag", then=[AddTags("a")]),
        Rule(name="late", when=HasTag("a"), then=[SetWeight(2)]),
    ]
    assert why(*rules) == {}
    assert Ruleset(rules).apply(a_ticket(id="t1"), at=0).ticket.weight == 2


leaves = st.sampled_from(
    [
        Always(),
        ChannelIs("a"),
        ChannelIs({"a", "b"}),
        HasTag("x"),
        HasTag({"x", "y"}),
        QueueIs("q"),
        PriorityIs(HIGH),
        PriorityIs({HIGH, LOW}),
    ]
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda two: two[0] & two[1]),
        st.tuples(inner, inner).map(lambda two: two[0] | two[1]),
        inner.map(lambda one: ~one),
    ),
    max_leaves=5,
)
actions = st.sampled_from([AddTags("x"), RemoveTags("x"), to_queue("q"), SetPriority(HIGH)])
rulesets = st.lists(
    st.tuples(conditions, st.lists(actions, min_size=1, max_size=2), st.booleans()), max_size=6
).map(
    lambda drawn: tuple(
        Rule(name=f"r{number}", when=when, then=then, stop=stop)
        for number, (when, then, stop) in enumerate(drawn)
    )
)
EVERY_TICKET = [
    a_ticket(id="t", channel=channel, tags=tags, queue=queue, priority=priority)
    for channel in "abc"
    for tags in ((), ("x",), ("y",), ("x", "y"))
    for queue in ("q", "other")
    for priority in (HIGH, LOW, NORMAL)
]


@given(rulesets)
def test_a_rule_that_is_called_unreachable_never_acts(rules: tuple[Rule, ...]) -> None:
    named = {rule.name for rule, _ in unreachable(rules)}
    whole = Ruleset(rules)
    acted = {fired.rule for ticket in EVERY_TICKET for fired in whole.apply(ticket, at=0).fired}
    assert not named & acted


words = st.sampled_from(["bill", "money back", "返金", "money"])
facts = st.one_of(
    st.sets(st.sampled_from("abc"), min_size=1).map(ChannelIs),
    st.sets(st.sampled_from("abc"), min_size=1).map(RequesterIs),
    st.sets(st.sampled_from("abc"), min_size=1).map(TierIs),
    st.sampled_from(["de", "de-at", "en"]).map(LanguageIs),
    st.builds(
        AttributeIs, st.sampled_from(["tier", "plan"]), st.sets(st.sampled_from("abc"), min_size=1)
    ),
    st.lists(words, min_size=1, max_size=2).map(Keywords),
    st.just(HasTag("x")),
)
mixed = st.recursive(
    facts,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda two: two[0] & two[1]),
        st.tuples(inner, inner).map(lambda two: two[0] | two[1]),
        inner.map(lambda one: ~one),
    ),
    max_leaves=4,
)
some_text = st.sampled_from([None, "", "my bill", "money, back!", "back money", "商品の返金を"])
full_tickets = st.builds(
    a_ticket,
    id=st.just("t1"),
    channel=st.sampled_from("abc"),
    requester=st.sampled_from(["a", "b", None]),
    attributes=st.dictionaries(st.sampled_from(["tier", "plan"]), st.sampled_from("abc")).flatmap(
        lambda some: st.sampled_from(["de_AT", "DE", "en-GB", ""]).map(
            lambda language: {**some, "language": language}
        )
    ),
)


@given(
    st.lists(st.tuples(mixed, st.booleans()), max_size=8),
    full_tickets,
    some_text,
)
def test_the_look_up_of_candidates_finds_every_rule_that_holds(
    drawn: list[tuple[Condition, bool]], ticket: Ticket, text: str | None
) -> None:
    """With a trace every rule is asked, without one the candidates are: the result is the same."""
    rules = Ruleset(
        [
            Rule(name=f"r{number}", when=when, then=[AddTags({"x", f"r{number}"})], stop=stop)
            for number, (when, stop) in enumerate(drawn)
        ]
    )
    plain = rules.apply(ticket, at=0, text=text)
    traced = rules.apply(ticket, at=0, text=text, trace=True)
    assert (plain.ticket, plain.fired) == (traced.ticket, traced.fired)


def test_candidates_are_asked_in_the_order_of_the_rules() -> None:
    rules = [
        Rule(
            name=f"r{number}",
            when=RequesterIs("a" if number % 7 == 1 else "b"),
            then=[SetWeight(2)],
        )
        for number in range(60)
    ]
    fired = Ruleset(rules).apply(a_ticket(id="t1", requester="a"), at=0).fired
    assert [each.rule for each in fired] == [f"r{number}" for number in range(1, 60, 7)]


def test_a_rule_on_nothing_but_tags_is_always_a_candidate() -> None:
    rules = Ruleset(
        [
            Rule(name="channel", when=ChannelIs("chat"), then=[SetWeight(3)]),
            Rule(name="tags", when=HasTag("a") & HasTag("b"), then=[SetWeight(2)]),
        ]
    )
    assert rules.apply(a_ticket(id="t1", tags={"a", "b"}), at=0).ticket.weight == 2


@given(rulesets, st.sampled_from(EVERY_TICKET))
def test_the_same_rules_give_the_same_ticket(rules: tuple[Rule, ...], ticket: Ticket) -> None:
    assert Ruleset(rules).apply(ticket, at=0) == Ruleset(rules).apply(ticket, at=0)


def test_the_names_of_actions_are_those_of_a_ticket() -> None:
    fields: Mapping[str, object] = Ticket.__annotations__
    for action in (SetQueue, SetPriority, AddTags, AskSkills, Prefer, SetWeight, SetPolicy):
        assert action.changes in fields
