"""Reading a configuration: what it says, and everything that is wrong with it at once."""

import contextlib
import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from attrs import fields
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketroute import (
    Agent,
    ChannelLimit,
    Defaults,
    Delivery,
    Escalation,
    Membership,
    Metric,
    OfferPolicy,
    Policy,
    Queue,
    RateLimit,
    Reach,
    Relaxation,
    Status,
    Target,
    TicketPriority,
    hours,
    minutes,
    seconds,
)
from ticketroute.desk.config import Config
from ticketroute.desk.config_check import check
from ticketroute.desk.config_kinds import Table
from ticketroute.desk.config_schema import schema
from ticketroute.desk.config_tables import (
    AGENT,
    CHANNEL_LIMIT,
    DEFAULTS,
    ESCALATION,
    MEMBERSHIP,
    OFFER,
    POLICY,
    QUEUE,
    RELAXATION,
    TARGET,
)
from ticketroute.errors import ConfigurationError
from ticketroute.model import ContactPoint, Departure, Lifo, ResumeRule
from ticketroute.rules import (
    AddTags,
    Moment,
    SetPolicy,
    SetQueue,
)

EXAMPLE = Path(__file__).parents[2] / "examples" / "desk" / "desk.toml"


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        Config.of(text)
    return [str(each) for each in refused.value.problems]


def test_the_example_is_a_whole_desk() -> None:
    config = Config.load(EXAMPLE)
    counts = (len(config.queues), len(config.agents), len(config.calendars))
    assert counts == (6, 40, 4)
    assert (len(config.policies), len(config.rules.rules)) == (3, 20)
    assert len(config.files) == 3


def test_every_field_of_an_agent_is_read() -> None:
    config: Any = Config.of("""
        calendars.office = { zone = "UTC", hours = { mon = [["09:00", "17:00"]] } }
        [agents.ana]
        name = "Ana"
        capacity = 4
        priority = 10
        channels = { chat = { cost = 2, most = 3 }, email = {} }
        skills = { spanish = 3 }
        rate_limit = { tickets = 5, within = "1h" }
        contact_points = [{ name = "desk", ring = "15s" }]
        shift = "office"
        [agents.ben]
        channels = ["email"]
        skills = ["french"]
    """)
    kind: Any = Agent
    assert config.agents == {
        "ana": kind(
            id="ana",
            name="Ana",
            capacity=4,
            priority=10,
            channels={"chat": ChannelLimit(2, 3), "email": ChannelLimit()},
            skills={"spanish": 3},
            rate_limit=RateLimit(5, hours(1)),
            contact_points=[ContactPoint("desk", seconds(15))],
            shift="office",
        ),
        "ben": kind(id="ben", channels=["email"], skills={"french": 1}),
    }


def test_every_field_of_a_queue_is_read() -> None:
    config: Any = Config.of("""
        agents = { ana = {}, ben = {} }
        calendars.office = { zone = "UTC", hours = { mon = [["09:00", "17:00"]] } }
        [queues.other]
        [queues.mail]
        name = "Mail"
        strategy = "priority(then=random)"
        members = { ben = { priority = 5, limit = 2, weight = 10 }, ana = {} }
        delivery = "offer"
        order = "lifo"
        weight = 300
        wrap_up = "1m30s"
        limit_per_agent = 3
        departure = "requeue"
        resume = "sticky"
        parked_counts = true
        reach = [1, 40]
        keep_agent = true
        affinity_wait = "30s"
        respond_within = "1h"
        max_hops = 2
        idle_after = "2d"
        calendar = "office"
        sla = "gold"
        [queues.mail.offer]
        timeout = "20s"
        parallel = 2
        refill = false
        retry_declined_after = "5m"
        retry_missed_after = "2m"
        max_misses = 2
        cool_down = { busy = "1m" }
        [[queues.mail.relaxations]]
        after = "1m"
        lower = { a = 2 }
        drop = ["b"]
        reach = [1, 60]
        add_queue = "other"
        priority = "high"
        skip_wait = true
        [[policies]]
        id = "gold"
        targets.resolution.within = "8h"
    """)
    kind: Any = Queue
    assert config.queues["mail"] == kind(
        id="mail",
        name="Mail",
        strategy="priority(then=random)",
        members={"ben": Membership(priority=5, limit=2, weight=10), "ana": Membership()},
        delivery=Delivery.OFFER,
        order=Lifo(),
        weight=300,
        wrap_up=seconds(90),
        limit_per_agent=3,
        departure=Departure.REQUEUE,
        resume=ResumeRule.STICKY,
        parked_counts=True,
        offer=OfferPolicy(
            timeout=seconds(20),
            parallel=2,
            refill=False,
            retry_declined_after=minutes(5),
            retry_missed_after=minutes(2),
            max_misses=2,
            cool_down={"busy": minutes(1)},
        ),
        reach=Reach(1, 40),
        relaxations=[
            Relaxation(
                after=minutes(1),
                lower={"a": 2},
                drop=["b"],
                reach=Reach(1, 60),
                add_queue=config.queues["other"].id,
                priority=TicketPriority.HIGH,
                skip_wait=True,
            )
        ],
        keep_agent=True,
        affinity_wait=seconds(30),
        respond_within=hours(1),
        max_hops=2,
        idle_after=hours(48),
        calendar="office",
        sla="gold",
    )
    assert list(config.queues["mail"].members) == ["ben", "ana"]


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        (Agent, AGENT), (Queue, QUEUE), (Membership, MEMBERSHIP), (ChannelLimit, CHANNEL_LIMIT),
        (OfferPolicy, OFFER), (Relaxation, RELAXATION), (Target, TARGET), (Policy, POLICY),
        (Escalation, ESCALATION), (Defaults, DEFAULTS),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)  # fmt: skip
def test_every_field_of_a_value_can_be_configured(kind: type[Any], table: Table) -> None:
    named = {each.name for each in fields(kind)} - {"id"}
    assert table.keys.keys() - {"id"} == named


def test_policies_and_defaults_are_read() -> None:
    config: Any = Config.of("""
        queues.mail = {}
        [defaults]
        capacity = 2
        grace = "10s"
        queue = "mail"
        channel_limit = 4
        queue_limit = 3
        [[policies]]
        id = "gold"
        queues = ["mail"]
        channels = ["email"]
        tags = ["vip"]
        changes = "from_now"
        reopening = "new_cycle"
        [policies.targets.first_response]
        within = { urgent = "10m", low = "1h" }
        pauses = ["pending"]
        warnings = [90, 50]
        contacts = ["agent", "requester"]
        per_queue = true
        [[policies.targets.first_response.escalations]]
        offset = "-5m"
        notify = "lead"
        priority = "high"
        move_to = "mail"
        drop = ["x"]
        reassign = true
    """)
    queue: Any = "mail"
    assert config.defaults == Defaults(
        capacity=2, grace=seconds(10), queue=queue, channel_limit=4, queue_limit=3
    )
    target = config.policies[0].targets[Metric.FIRST_RESPONSE]
    assert target == Target(
        within={TicketPriority.URGENT: minutes(10), TicketPriority.LOW: hours(1)},
        pauses=[Status.PENDING],
        warnings=[50, 90],
        escalations=[
            Escalation(
                offset=-minutes(5), notify="lead", priority=TicketPriority.HIGH, move_to=queue,
                drop=["x"], reassign=True,
            )
        ],
        contacts=target.contacts,
        per_queue=True,
    )  # fmt: skip
    assert len(target.contacts) == 2


def test_rules_are_read() -> None:
    config: Any = Config.of("""
        calendars.office = { zone = "UTC", hours = { mon = [["09:00", "17:00"]] } }
        queues.mail = {}
        policies = [{ id = "gold", targets.resolution.within = "8h" }]
        [[rules]]
        name = "one"
        then = { queue = "mail", sla = "gold", add_tags = "c" }
        stop = true
        on = "submitted"
        [rules.when]
        channel = ["chat", "call"]
        tags = ["a", "b"]
        any = [{ tier = "vip" }, { open = "office" }]
        not = { keywords = "x" }
        attribute = [
            { name = "seats", at_least = 5, below = "9.5" },
            { name = "plan", equals = "team" },
        ]
    """)
    (rule,) = config.rules
    assert str(rule.when) == (
        "channel is call, chat and tag is a and tag is b and (tier is vip or calendar office is "
        "open) and not (the text has 'x') and seats is at least 5 and seats is below 9.5 and plan "
        "is team"
    )
    assert rule.then == (
        SetQueue(config.queues["mail"].id),
        SetPolicy(config.policies[0].id),
        AddTags("c"),
    )
    assert (rule.stop, rule.on) == (True, {Moment.SUBMITTED})
    assert config.policies[0].tags == {"sla:gold"}


# --- what is wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("agnets = {}", "desk.toml: agnets is 'agnets'; it must be left out: sections are"),
        ("agnets = {}", "did you mean 'agents'?"),
        ("agents.ana.capcity = 3", "agents.ana.capcity is 'capcity'"),
        ("agents.ana.capcity = 3", "did you mean 'capacity'?"),
        ("agents.ana.capacity = 5.7", "agents.ana.capacity is 5.7; it must be a whole number"),
        ("agents.ana.capacity = true", "agents.ana.capacity is True"),
        ("agents.ana.capacity = '3'", "agents.ana.capacity is '3'"),
        ("agents.ana.skills = { a = 11 }", "agents.ana.skills.a is 11; it must be a whole number"),
        (
            (
                "agents.ana.shift = 'offce'\ncalendars.office = {zone='UTC', "
                "hours={mon=[['9:00','10:00']]}}"
            ),
            (
                "agents.ana.shift is 'offce'; it must be a calendar of this configuration; "
                "did you mean 'office'?"
            ),
        ),
        (
            "queues.mail.members = ['anna']\nagents.ana = {}",
            (
                "queues.mail.members is 'anna'; it must be an agent of this configuration; "
                "did you mean 'ana'?"
            ),
        ),
        (
            "queues.mail.delivery = 'ofer'",
            "one of 'assign', 'offer', 'pull'; did you mean 'offer'?",
        ),
        ("queues.mail.strategy = 'round_robbin'", "queues.mail.strategy is 'round_robbin'"),
        ("queues.mail.strategy = 'round_robbin'", "did you mean 'round_robin'?"),
        ("queues.mail.strategy = 'priority('", "queues.mail.strategy is 'priority('"),
        ("queues.mail.strategy = 'round_robin(x=1)'", "it has no options"),
        ("queues.mail.wrap_up = 60", "a span with its units, such as '30s'"),
        ("queues.mail.wrap_up = '60'", "a span with its units, such as '30s'"),
        ("queues.mail.wrap_up = '9999999d'", "from 0 ms to ten years"),
        ("queues.mail.reach = [50, 1]", "least first, greatest second"),
        ("queues.mail.reach = [50]", "a list of 2 to 2 values"),
        ("queues.mail.order = 7", "a text or a table"),
        ("queues.mail.relaxations = [{ after = '1m' }, { after = '1m' }]", "in order"),
        (
            "queues.mail.relaxations = [{ lower = { a = 1 } }]",
            "queues.mail.relaxations[0].after is None; it must be given",
        ),
        (
            (
                "queues.a.relaxations = [{ after='1m', add_queue='b' }]\n"
                "queues.b.relaxations = [{ after='1m', move_to='a' }]"
            ),
            "overflow goes in a circle",
        ),
        (
            "queues.a.relaxations = [{ after='1m', add_queue='c' }]",
            "relaxations[0].add_queue is 'c'",
        ),
        (
            "calendars.x = { hours = { mon = [['9:00', '17:00']] } }",
            "calendars.x.zone is None; it must be given",
        ),
        (
            "calendars.x = { zone = 'Berlin', hours = { mon = [['9:00', '17:00']] } }",
            "calendars.x.zone is 'Berlin'",
        ),
        (
            "calendars.x = { zone = 'UTC', hours = { mo = [['9:00', '17:00']] } }",
            "calendars.x.hours is 'mo'",
        ),
        ("calendars.x = { zone = 'UTC' }", "open at some time"),
        (
            (
                "calendars.x = { zone = 'UTC', within = ['y'] }\ncalendars.y = { zone = "
                "'UTC', within = ['x'] }"
            ),
            "is a circle",
        ),
        ("calendars.x = { zone = 'UTC', within = ['z'] }", "the name of a calendar"),
        ("calendars.x = 7", "calendars.x is 7; it must be a table"),
        (
            "policies = [{ id = 'a', targets = { resolution = {} } }]",
            "policies[0].targets.resolution.within is None; it must be given",
        ),
        (
            "policies = [{ id = 'a', targets = { resolutoin = { within = '1h' } } }]",
            "did you mean 'resolution'?",
        ),
        (
            "policies = [{ id = 'a', targets = {} }, { id = 'a', targets = {} }]",
            "policies[1].id is 'a'; it must be there once; policies[0] has it as well",
        ),
        ("policies = {}", "a list of tables: [[policies]]"),
        ("agents = []", "a table: [agents.NAME]"),
        ("rules = [{ name = 'r' }]", "without an effect"),
        (
            "rules = [{ name = 'r', then = { queue = 'sale' } }]\nqueues.sales = {}",
            (
                "rules[0].then.queue is 'sale'; it must be a queue of this configuration; "
                "did you mean 'sales'?"
            ),
        ),
        ("rules = [{ name = 'r', then = { sla = 'gold' } }]", "rules[0].then.sla is 'gold'"),
        (
            "rules = [{ name = 'r', stop = true, when = { open = 'x' } }]",
            "rules[0].when.open is 'x'",
        ),
        (
            "rules = [{ name = 'r', stop = true, when = { queue = 'x' } }]",
            "rules[0].when.queue is 'x'",
        ),
        ("rules = [{ name = 'r', then = { prefer = 'ana' } }]", "rules[0].then.prefer is 'ana'"),
        ("rules = [{ name = 'r', stop = true, when = { pattern = '(a' } }]", "missing )"),
        (
            "rules = [{ name = 'r', stop = true, when = { keyword = 'a' } }]",
            "did you mean 'keywords'?",
        ),
        (
            (
                "rules = [{ name = 'r', stop = true, when = { attribute = { name = 'a', "
                "above = 1.5 } } }]"
            ),
            "a decimal one as text",
        ),
        (
            (
                "rules = [{ name = 'r', then = { sla = 'p' }, on = 'changed' }]\n"
                "policies = [{ id = 'p', targets.resolution.within = '1h' }]"
            ),
            "without one where it runs on a change",
        ),
        (
            "rules = [{ name = 'r', stop = true }, { name = 'r', stop = true }]",
            "rules[0] has it as well",
        ),
        (
            (
                "queues.a = {}\n"
                "policies = [{ id = 'g', queues = ['a'], targets.resolution.within = '1h' }]\n"
                "rules = [{ name = 'r', then = { sla = 'g' } }]"
            ),
            "write tags = ['sla:g']",
        ),
        ("defaults.queue = 'mail'", "defaults.queue is 'mail'; it must be a queue"),
        ("defaults = 3", "defaults is 3; it must be a table"),
        ("moved = { a = 'b' }\nqueues.a = {}\nqueues.b = {}", "that queue is still there"),
        ("moved = { a = 'b' }", "moved.a is 'b'; it must be a queue of this configuration"),
        ("version = 2", "version is 2; it must be 1: this release reads no other"),
        ("include = ['a.toml']", "left out where there is no folder"),
        ("[queues.mail]\n[queues.mail]", "TOML 1.0"),
        ("a = ", "is 'a = '; it must be TOML 1.0"),
        ("x = '" + "a" * (4 << 20) + "'", "at most 4194304 bytes: split it"),
        ("x = " + "[" * 5_000 + "]" * 5_000, "nested less deeply"),
        ("agents.'" + "a" * 201 + "' = {}", "a text of 1 to 200 characters"),
        (
            "rules = [{ name = 'r', stop = true, when = "
            + "{ not = " * 25
            + "{}"
            + "}" * 25
            + " }]",
            "at most 20 conditions deep",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_the_way_out(text: str, message: str) -> None:
    told = "\n".join(problems(text))
    assert message in told


def test_all_problems_are_told_at_once() -> None:
    told = problems("""
        [agents.ana]
        capacity = 0
        colour = "red"
        [queues.mail]
        members = ["ana", "bob"]
        strategy = "bogus"
        sla = "gold"
        [[rules]]
        name = "r"
        then = { queue = "mial", weight = 0 }
    """)
    paths = [each.split(" is ")[0].removeprefix("desk.toml: ") for each in told]
    assert paths == [
        "agents.ana.capacity",
        "agents.ana.colour",
        "rules[0].then.weight",
        "queues.mail.members",
        "queues.mail.sla",
        "queues.mail.strategy",
    ]  # what cannot be read is not followed further: the rule's queue, and ana counts as there


def test_one_mistake_is_one_problem() -> None:
    assert len(problems("agents.ana.capacity = 0\nqueues.mail.members = ['ana']")) == 1


def test_garbage_is_not_told_for_ever() -> None:
    text = "\n".join(f"agents.a{number}.capacity = 0" for number in range(500))
    assert len(problems(text)) == 100


def test_calendars_within_calendars_without_end_are_refused() -> None:
    text = "\n".join(
        f"calendars.c{n} = {{ zone = 'UTC', within = ['c{n + 1}'] }}" for n in range(3_000)
    )
    assert any("at most 8 calendars deep" in each for each in problems(text))


def test_rules_without_end_are_refused() -> None:
    rules = "[[rules]]\nname = 'r'\nstop = true\n" * 5_001
    assert problems(rules) == ["desk.toml: rules is 5001; it must be at most 5000 of them"]


def test_files_include_others_and_each_problem_names_its_own(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "desk.toml").write_text('include = ["sub/a.toml", "gone.toml"]\nqueues.mail = {}\n')
    (tmp_path / "sub" / "a.toml").write_text('include = ["../desk.toml"]\nqueues.mail = {}\n')
    with pytest.raises(ConfigurationError) as refused:
        Config.load(tmp_path / "desk.toml")
    told = [str(each) for each in refused.value.problems]
    assert len(told) == 2
    assert "gone.toml" in told[0]
    assert "No such file" in told[0]
    assert told[1].startswith(f"{tmp_path / 'sub' / 'a.toml'}: queues.mail")
    assert f"{tmp_path / 'desk.toml'} has it as well" in told[1]


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    path.write_bytes(b"name = '\xff'")
    with pytest.raises(ConfigurationError, match="text in UTF-8"):
        Config.load(path)
    with pytest.raises(ConfigurationError, match="a file that can be read"):
        Config.load(tmp_path)


def test_the_error_counts_its_problems() -> None:
    with pytest.raises(ConfigurationError, match="the configuration has 1 problem:\n"):
        Config.of("agents.ana.capacity = 0")


# --- the schema -------------------------------------------------------------------------------

VALIDATOR = jsonschema.Draft202012Validator(schema())


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    json.dumps(schema())


def test_the_example_fits_the_schema() -> None:
    import tomllib  # noqa: PLC0415

    for path in EXAMPLE.parent.glob("*.toml"):
        VALIDATOR.validate(tomllib.loads(path.read_text()))


leaf = st.one_of(
    st.booleans(),
    st.integers(-2, 60),
    st.sampled_from(["ana", "30s", "high", "x", "", "lifo", "2"]),
)
words = st.sampled_from(
    [
        "capacity", "skills", "priority", "channels", "members", "strategy", "order", "reach",
        "offer", "timeout", "when", "then", "name", "id", "targets", "within", "resolution",
        "after", "relaxations", "queue", "tag", "attribute", "not", "any", "cost", "ana", "x",
    ]
)  # fmt: skip
values = st.recursive(
    leaf,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
documents = st.dictionaries(
    st.sampled_from(["agents", "queues", "policies", "rules", "defaults", "moved"]),
    values,
    max_size=2,
)


@given(documents)
def test_what_the_schema_refuses_the_reader_refuses(document: dict[str, Any]) -> None:
    """The reader finds more, such as names that lead nowhere; never less."""
    text = "\n".join(f"{name} = {toml(value)}" for name, value in document.items())
    if not VALIDATOR.is_valid(document):
        assert problems(text)


PARTS = [path.read_text(encoding="utf-8") for path in sorted(EXAMPLE.parent.glob("*.toml"))]
WHOLE = "\n".join(part.replace('include = ["agents.toml", "rules.toml"]', "") for part in PARTS)
LINES = [line for line in WHOLE.splitlines() if line and not line.startswith("#")]


TAILS = ('"', "[", "}", "= 7", "= true", "= []", "= {}", "= nan", "= 1e9")
SWAPS = (('"', ""), ("[", ""), ("a", "\u0000"), ("1", "-1"), ("=", ""))


def spoilt(line: str) -> st.SearchStrategy[str]:
    """Generate what becomes of a line: nothing, anything, another one, a part of itself."""
    name = line.partition("=")[0]
    return st.one_of(
        st.just(""),
        st.text(max_size=12),
        st.sampled_from(LINES),
        st.sampled_from([name + tail for tail in TAILS]),
        st.sampled_from([line.replace(*swap) for swap in SWAPS]),
    )


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_file_with_anything_in_it_is_read_or_refused(data: st.DataObject) -> None:
    """Lines left out, doubled, swapped and spoilt: a ConfigurationError, and nothing else."""
    lines = LINES[: data.draw(st.integers(1, len(LINES)))]
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(lines) - 1))
        lines[place] = data.draw(spoilt(lines[place]))
    with contextlib.suppress(ConfigurationError):
        check(Config.of("\n".join(lines)))


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


@pytest.mark.parametrize("version", ["true", "1.0", "'1'", "2"])
def test_only_the_number_of_this_version_is_read(version: str) -> None:
    with pytest.raises(ConfigurationError, match="this release reads no other"):
        Config.of(f"version = {version}")


def test_a_strategy_of_a_wrong_name_is_told_with_the_nearest() -> None:
    text = "queues.q.strategy = 'priority(then=averge_load)'"
    with pytest.raises(ConfigurationError) as caught:
        Config.of(text)
    message = str(caught.value).splitlines()[1]
    assert message.startswith("desk.toml: queues.q.strategy is 'averge_load'; it must be one of ")
    assert message.endswith("did you mean 'average_load'?")


def test_a_name_twice_in_a_list_is_told() -> None:
    text = "agents.ana = {}\nqueues.q.members = ['ana', 'ana']"
    with pytest.raises(ConfigurationError, match=r"members\[1\] is 'ana'; it must be there once"):
        Config.of(text)


def test_the_mark_that_windows_editors_write_first_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    path.write_text("agents.ana = {}\n", encoding="utf-8-sig")
    assert list(Config.load(path).agents) == ["ana"]


def test_thousands_of_problems_are_counted_and_the_first_hundred_told() -> None:
    text = "\n".join(f"agents.a{number}.capcity = 1" for number in range(3_000))
    with pytest.raises(ConfigurationError) as caught:
        Config.of(text)
    first, *rest = str(caught.value).splitlines()
    assert first == "the configuration has 3000 problems, of which these are the first 100:"
    assert len(rest) == 100
    again = copy.copy(caught.value)
    assert (again.more, str(again)) == (2_900, str(caught.value))


@pytest.mark.parametrize("key", ["x" * 100_000, '"a\\u0000b"', '"a\\nb"'])
def test_a_key_that_is_long_or_cannot_be_printed_makes_a_short_message(key: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Config.of(f"agents.ana.{key} = 1")
    told = str(caught.value).splitlines()
    assert len(told) == 2
    assert len(told[1]) < 1_000
    assert told[1].isprintable()
