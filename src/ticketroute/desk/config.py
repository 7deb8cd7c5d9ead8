"""A whole desk as a TOML file says it: queues, agents, calendars, policies, rules, defaults."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from ticketroute.desk.config_kinds import BAD, ListOf, MapOf, Place, Problems
from ticketroute.desk.config_links import check_links
from ticketroute.desk.config_rules import RULE
from ticketroute.desk.config_tables import AN_ID, DEFAULTS, POLICY, SOME_IDS, agent_of, queue_of
from ticketroute.errors import InvalidValueError
from ticketroute.model.agent import Agent
from ticketroute.model.ids import AgentId, CalendarId, QueueId
from ticketroute.model.queue import Defaults, Queue
from ticketroute.rules import Ruleset, SetPolicy
from ticketroute.rules.draft import policy_tag
from ticketroute.sla.calendar import Calendar
from ticketroute.sla.plain import DEEPEST
from ticketroute.sla.policy import Policy

VERSION = 1  # of the form of these files
MOST_BYTES = 4 << 20  # of one file: some ten thousand agents
MOST_FILES = 100
MOST_LISTED = 5_000  # policies, or rules, of all files together
SECTIONS = (
    "version", "include", "defaults", "calendars", "agents", "queues", "policies", "rules",
    "moved",
)  # fmt: skip


@frozen(kw_only=True)
class Config:
    """What a configuration says, read and checked; names in it lead somewhere.

    ``moved`` maps a queue that is no longer there to the one that takes its tickets.
    ``files`` are those it was read from, ``places`` where in which file each thing stands.
    """

    defaults: Defaults = Defaults()
    calendars: Mapping[CalendarId, Calendar] = field(factory=dict)
    agents: Mapping[AgentId, Agent] = field(factory=dict)
    queues: Mapping[QueueId, Queue] = field(factory=dict)
    policies: tuple[Policy, ...] = ()
    rules: Ruleset = Ruleset()
    moved: Mapping[QueueId, QueueId] = field(factory=dict)
    files: tuple[str, ...] = field(default=(), eq=False)
    places: Mapping[tuple[str, str], Place] = field(factory=dict, eq=False, repr=False)

    @staticmethod
    def load(path: str | Path) -> Config:
        """Read a file, and those that it includes, by names relative to its own folder.

        Raises:
            ConfigurationError: with all that is wrong, in whichever file.
        """
        return _Reader().whole(Path(path))

    @staticmethod
    def of(text: str, *, file: str = "desk.toml") -> Config:
        """Read a configuration that is handed over; it includes no other.

        Raises:
            ConfigurationError: with all that is wrong.
        """
        return _Reader().text(text, file)


@frozen
class _Item:
    value: Any
    place: Place


class _Reader:
    """Reads files into sections, sections into values, and notes every problem on the way."""

    def __init__(self) -> None:
        self.problems = Problems()
        self.files: list[str] = []
        self.seen: set[Path] = set()
        self.sections: dict[str, list[_Item]] = {name: [] for name in SECTIONS}

    def whole(self, path: Path) -> Config:
        self._read_file(path)
        return self._made()

    def text(self, text: str, file: str) -> Config:
        place = Place(self.problems, file)
        self.files.append(file)
        if len(text.encode("utf-8", "replace")) > MOST_BYTES:
            place.bad(f"{len(text)} characters", f"at most {MOST_BYTES} bytes: split it")
        else:
            found = self._parsed(text, place)
            if found is not None and "include" in found:
                place.at("include").bad(found.pop("include"), "left out where there is no folder")
            self._sort(found or {}, place)
        return self._made()

    # --- files ------------------------------------------------------------------------------

    def _read_file(self, path: Path) -> None:
        place = Place(self.problems, str(path))
        if path.resolve() in self.seen:
            return
        self.seen.add(path.resolve())
        self.files.append(str(path))
        if len(self.files) > MOST_FILES:
            place.bad(len(self.files), f"one of at most {MOST_FILES} files")
            return
        try:
            with path.open("rb") as opened:
                raw = opened.read(MOST_BYTES + 1)
            text = raw.decode("utf-8-sig")  # Windows editors put a mark before the first line
        except OSError as fault:
            place.bad(str(path), f"a file that can be read: {fault.strerror or fault}")
            return
        except UnicodeDecodeError as fault:
            place.bad(str(path), f"text in UTF-8: {fault.reason} at byte {fault.start}")
            return
        if len(raw) > MOST_BYTES:
            place.bad(f"more than {MOST_BYTES} bytes", f"at most {MOST_BYTES} bytes: split it")
            return
        found = self._parsed(text, place) or {}
        included = SOME_IDS.read(found.pop("include", []), place.at("include"))
        self._sort(found, place)
        for name in () if included is BAD else included:
            self._read_file(path.parent / name)

    def _parsed(self, text: str, place: Place) -> dict[str, Any] | None:
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as fault:
            place.bad(_line_at(text, str(fault)), f"TOML 1.0: {fault}")
        except RecursionError:
            place.bad("...", "nested less deeply")
        return None

    def _sort(self, found: dict[str, Any], place: Place) -> None:
        version = found.pop("version", VERSION)
        if type(version) is not int or version != VERSION:
            place.at("version").bad(
                version, f"{VERSION}: this release reads no other; upgrade the file or ticketroute"
            )
        for name, value in found.items():
            if name not in SECTIONS:
                known = ", ".join(SECTIONS)
                place.at(name).bad(name, f"left out: sections are {known}", SECTIONS)
            else:
                self.sections[name].append(_Item(value, place.at(name)))

    # --- values -----------------------------------------------------------------------------

    def _made(self) -> Config:
        defaults = [DEFAULTS.read(each.value, each.place) for each in self.sections["defaults"]]
        for extra in self.sections["defaults"][1:]:
            extra.place.bad("[defaults]", "written in one file only")
        agents = self._by_id("agents", agent_of)
        queues = self._by_id("queues", queue_of)
        calendars = self._calendars()
        policies = self._listed("policies", POLICY, "id")
        rules = self._listed("rules", RULE, "name")
        moved: dict[Any, Any] = {}
        for each in self.sections["moved"]:
            read = MapOf(AN_ID).read(each.value, each.place)
            moved.update({} if read is BAD else read)
        config = Config(
            defaults=defaults[0] if defaults and defaults[0] is not BAD else Defaults(),
            calendars=_values(calendars),
            agents=_values(agents),
            queues=_values(queues),
            policies=tuple(_values(policies).values()),
            rules=Ruleset(_values(rules).values()),
            moved=moved,
            files=tuple(self.files),
            places={
                (section, name): each.place
                for section, items in (
                    ("calendars", calendars), ("agents", agents), ("queues", queues),
                    ("policies", policies), ("rules", rules),
                )
                for name, each in items.items()
            }
            | {
                (section, ""): each.place
                for section in ("defaults", "moved")
                for each in self.sections[section]
            },
        )  # fmt: skip
        config = _with_policy_tags(config)
        check_links(config, self.problems)
        self.problems.check()
        return config

    def _items(self, section: str) -> Iterator[tuple[str, Any, Place]]:
        """Yield what stands under the names of a section, in all files; a name twice is noted."""
        seen: dict[str, Place] = {}
        for each in self.sections[section]:
            if not isinstance(each.value, dict):
                each.place.bad(each.value, f"a table: [{section}.NAME]")
                continue
            for name, value in each.value.items():
                place = each.place.at(name)
                if name in seen:
                    place.bad(name, f"there once; {seen[name].file} has it as well")
                elif AN_ID.read(name, place) is not BAD:
                    seen[name] = place
                    yield name, value, place

    def _by_id(self, section: str, table: Any) -> dict[str, _Item]:
        return {
            name: _Item(table(name).read(value, place), place)
            for name, value, place in self._items(section)
        }

    def _listed(self, section: str, table: Any, name: str) -> dict[str, _Item]:
        found: dict[str, _Item] = {}
        for section_item in self.sections[section]:
            if not isinstance(section_item.value, list):
                section_item.place.bad(section_item.value, f"a list of tables: [[{section}]]")
                continue
            if len(found) + len(section_item.value) > MOST_LISTED:
                told = f"at most {MOST_LISTED} of them"
                section_item.place.bad(len(section_item.value), told)
                continue
            for number, value in enumerate(section_item.value):
                place = section_item.place.at(number)
                read = table.read(value, place)
                key = f"{section_item.place.file}[{number}]"  # of one that cannot be read
                if read is not BAD:
                    key = getattr(read, name)
                    if key in found:
                        place.at(name).bad(
                            key, f"there once; {found[key].place.path} has it as well"
                        )
                        continue
                found[key] = _Item(read, place)
        return found

    def _calendars(self) -> dict[str, _Item]:
        raw = {name: (value, place) for name, value, place in self._items("calendars")}
        made: dict[str, _Item] = {}
        for name in raw:
            _calendar(name, raw, made, ())
        return made


def _calendar(
    name: str, raw: Mapping[str, tuple[Any, Place]], made: dict[str, _Item], inside: tuple[str, ...]
) -> Any:
    """Return a calendar that may lie within others of the file, each of which is made once."""
    if name in made:
        return made[name].value
    value, place = raw[name]
    made[name] = _Item(BAD, place)
    if not isinstance(value, dict):
        place.bad(value, "a table")
        return BAD
    if "zone" not in value:
        place.at("zone").bad(None, "given, such as 'Europe/Berlin' or 'UTC'")
        return BAD
    within = ListOf(AN_ID).read(value.get("within", []), place.at("within"))
    if within is BAD:
        return BAD
    parts = []
    for number, each in enumerate(within):
        at = place.at("within").at(number)
        if each not in raw:
            parts.append(at.bad(each, "the name of a calendar", raw))
        elif len(inside) >= DEEPEST:
            parts.append(at.bad(each, f"at most {DEEPEST} calendars deep"))
        elif each in (*inside, name):
            way = " -> ".join((*inside, name, each))
            parts.append(at.bad(each, f"a calendar outside of this one: {way} is a circle"))
        else:
            parts.append(_calendar(each, raw, made, (*inside, name)))
    if BAD in parts:
        return BAD
    plain = {"name": name, **value, "within": parts}
    made[name] = _Item(_plain_calendar(plain, place), place)
    return made[name].value


def _plain_calendar(plain: dict[str, Any], place: Place) -> Any:
    try:
        return Calendar.from_plain(plain)
    except InvalidValueError as fault:
        keys = ("zone", "hours", "holidays", "shifts", "breaks", "within")
        at = next((place.at(key) for key in keys if key in fault.thing), place)
        return at.bad(fault.value, f"{fault.allowed} ({fault.thing})", keys)
    except ModuleNotFoundError:
        return place.at("holidays").bad(
            plain.get("holidays"),
            "dates, without the package holidays: pip install 'ticketroute[sla]'",
        )


def _values(items: Mapping[str, _Item]) -> dict[Any, Any]:
    return {name: each.value for name, each in items.items() if each.value is not BAD}


def _with_policy_tags(config: Config) -> Config:
    """Give each policy that a rule chooses the tag by which it does."""
    chosen = {
        action.policy
        for rule in config.rules
        for action in rule.then
        if isinstance(action, SetPolicy)
    }
    return evolve(
        config,
        policies=tuple(
            evolve(policy, tags=policy.tags | {policy_tag(policy.id)})
            if policy.id in chosen and (policy.tags or not (policy.queues or policy.channels))
            else policy
            for policy in config.policies
        ),
    )


def _line_at(text: str, message: str) -> str:
    """Return the line that a message of tomllib speaks of."""
    _, found, rest = message.partition("at line ")
    lines = text.splitlines() or [""]
    number = int(rest.partition(",")[0]) if found else len(lines)
    return lines[min(number, len(lines)) - 1]
