"""Members by age: one index of a queue that answers for any number of demands.

Every member has a slot, in the order that ends all ties: longest since last assigned, then id.
Wide integers say which slots have a skill at a level, and which have room and which key. Who has
the skills asked is their conjunction; its lowest bit under the smallest key is whom the strategy
asks. A change costs a bit or two, however many demands there are.

An assignment moves a member to the last slot, so slots are cut into runs: only the youngest takes
members in. A full run joins the one before it, and one that is half empty is packed, so that there
are few of them: O(log n) or n over ``LONGEST``. Selecting is linear in the slots, 30 of which take
a nanosecond or so.

It needs a strategy that is a key, and few keys: of a load, but not of an instant.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Mapping

from attrs import Factory, define

from ticketroute.core.records import MemberRecord
from ticketroute.model.checks import HIGHEST_LEVEL
from ticketroute.model.ids import AgentId
from ticketroute.strategies.contract import Key
from ticketroute.strategies.ranked import Ranked

YOUNGEST = (
    1_024  # slots of the run that takes members in: each of its changes copies a few of 128 B
)
LONGEST = 8_192  # slots of any run: 1 KiB a number, a quarter of a microsecond to combine two
NEAR = (1 << 1_024) - 1  # slots of a run that are looked at before all: 128 B a number
MOST_KEYS = 64  # beyond which a key is no small thing to go through


@define(eq=False)
class _Run:
    members: list[MemberRecord | None] = Factory(list)  # by slot; None who has left it
    free: dict[Key, _Free] = Factory(dict)  # key -> who has room and stands there
    exact: dict[str, list[int]] = Factory(dict)  # skill -> by level, who has it, or had
    least: dict[tuple[str, int], int] = Factory(dict)  # skill, level -> who has that or more
    living: int = 0
    noted: int = 0  # slots whose skills are in ``exact``; of the others, many may be left unasked
    joined: _Run | None = None  # the older run that this one is a part of now
    shift: int = 0  # where in that run its first slot is

    def note(self) -> None:
        """Note the skills of those who came since the last time. O(1) for each, amortised."""
        exact = self.exact
        self.least.clear()
        for slot, member in enumerate(self.members[self.noted :], start=self.noted):
            if member is not None:
                bit = 1 << slot
                for skill, level in member.skills.items():
                    if skill not in exact:
                        exact[skill] = [0] * (HIGHEST_LEVEL + 1)
                    exact[skill][level] |= bit
        self.noted = len(self.members)

    def having(self, skills: Mapping[str, int]) -> int:
        """Return the slots that have all the skills, some of which may have been left.

        -1, which is every slot there could be, where no skills are asked.
        """
        abilities, slots = skills.items(), -1
        least = self.knowing(abilities)
        for ability in abilities:
            slots &= least[ability]
        return slots

    def knowing(self, abilities: ItemsView[str, int]) -> Mapping[tuple[str, int], int]:
        """Return who has each of these skills at its level or above, and others."""
        if self.noted < len(self.members):
            self.note()
        for ability in abilities:
            if ability not in self.least:
                skill, level = ability
                having = 0
                for slots in self.exact.get(skill, ())[level:]:
                    having |= slots
                self.least[ability] = having
        return self.least


@define(eq=False)
class _Free:
    """Who in a run has room and stands at one key."""

    run: _Run
    slots: int = 0

    def first(self, abilities: ItemsView[str, int], most: int) -> list[MemberRecord]:
        """Return the first who have these skills: most often, among the first slots alone."""
        run, slots = self.run, self.slots
        near, least = slots & NEAR, run.knowing(abilities)
        for ability in abilities:
            near &= least[ability]
        found = _members(run, near, most) if near else []
        if len(found) < most and slots > NEAR:
            for ability in abilities:
                slots &= least[ability]
            found += _members(run, slots ^ (slots & NEAR), most - len(found))
        return found


@define(eq=False)
class _Place:
    run: _Run
    slot: int
    stamp: int
    skills: Mapping[str, int]
    key: Key | None = None  # None without room

    def follow(self) -> None:
        """Be in the run that the slot's own run has become part of since the last change."""
        run, slot = self.run, self.slot
        while run.joined is not None:
            slot += run.shift
            run = run.joined
        self.run, self.slot = run, slot


class Ages:
    """The members of one queue by age.

    ``serves`` turns False once there are too many keys, for good, or when a member comes who is
    not the youngest. Then it is ``stale``, too: whoever asks makes a new one.
    """

    def __init__(self, strategy: Ranked, members: Iterable[MemberRecord]) -> None:
        self.serves, self.stale = True, False
        self._runs = [_Run()]  # the oldest first; the last takes members in
        self._place_of: dict[AgentId, _Place] = {}
        self._last: tuple[int, AgentId] | None = None
        # By key, the older run first; None if one came or went.
        self._order: list[_Free] | None = []
        for member in sorted(members, key=_age):
            self.put(member, strategy.key(member) if member.is_open else None)

    def put(self, member: MemberRecord, key: Key | None) -> None:
        """Hear of a member, or of any change of theirs, and of their key; None without room.

        O(length of a run), amortised.
        """
        if not self.serves:
            return
        place = self._place_of.get(member.agent_id)
        stamp, skills = member.last_assigned, member.skills
        if place is None or place.stamp != stamp or place.skills is not skills:
            age = (stamp, member.agent_id)
            if self._last is not None and age < self._last:
                self.serves, self.stale = False, True
                return
            self._last = age
            if place is None:
                place = self._place_of[member.agent_id] = _Place(self._runs[-1], 0, stamp, skills)
            else:
                place.stamp, place.skills = stamp, skills
                self._vacate(place)
            self._seat(place, member)
        elif place.run.joined is not None:
            place.follow()
        if key != place.key:
            self._free(place, key)

    def drop(self, member: MemberRecord) -> None:
        """Drop a member, who may not be in. O(length of a run), amortised."""
        place = self._place_of.pop(member.agent_id, None)
        if place is not None:
            self._vacate(place)

    def _vacate(self, place: _Place) -> None:
        """Empty a slot."""
        if place.run.joined is not None:
            place.follow()
        run = place.run
        self._free(place, None)
        run.members[place.slot] = None
        run.living -= 1
        if run is not self._runs[-1] and 2 * run.living < len(run.members):
            self._tidy(run)

    def free(self, skills: Mapping[str, int], most: int) -> list[MemberRecord]:
        """Return the first members with room who have these skills, in the strategy's order."""
        found: list[MemberRecord] = []
        abilities = skills.items()
        for each in self._in_order() if self._order is None else self._order:
            if each.slots:
                found += each.first(abilities, most - len(found))
                if len(found) == most:
                    break
        return found

    def _in_order(self) -> list[_Free]:
        """Put all that have room in order again. O(keys x runs)."""
        keys = sorted(set().union(*[run.free for run in self._runs]))
        self._order = [run.free[key] for key in keys for run in self._runs if key in run.free]
        return self._order

    def having(self, skills: Mapping[str, int], most: int) -> list[MemberRecord]:
        """Return some who have these skills, with room or without; everybody, if that is few."""
        found: list[MemberRecord] = []
        for run in self._runs:
            everyone = (1 << len(run.members)) - 1
            found += _members(run, everyone & run.having(skills), most - len(found))
            if len(found) == most:
                break
        return found

    def _free(self, place: _Place, key: Key | None) -> None:
        """Note that a member has room and stands at this key, or has no room."""
        run = place.run
        bit, free, old = 1 << place.slot, run.free, place.key
        if old is not None:
            left = free[old]
            left.slots ^= bit
            if not left.slots and run is not self._runs[-1]:  # there, it comes and goes
                del free[old]
                self._order = None
        if key is not None:
            if key in free:
                free[key].slots |= bit
            else:
                free[key] = _Free(run, bit)
                self._order = None
                self._check_keys(run)
        place.key = key

    def _check_keys(self, run: _Run) -> None:
        """Give up if a run has too many keys, those at which nobody stands any more left out."""
        if len(run.free) > MOST_KEYS:
            run.free = {key: each for key, each in run.free.items() if each.slots}
            if len(run.free) > MOST_KEYS:
                self.serves = False

    def _seat(self, place: _Place, member: MemberRecord) -> None:
        """Give the next slot to a member, who is the youngest."""
        run = self._runs[-1]
        if len(run.members) >= YOUNGEST:
            self._runs.append(_Run())
            self._tidy(run)
            run = self._runs[-1]
        place.run, place.slot = run, len(run.members)
        run.members.append(member)
        run.living += 1

    def _tidy(self, run: _Run) -> None:
        """Pack a run that is half empty, and let it join those beside it. O(length), amortised."""
        number, self._order = self._runs.index(run), None
        if 2 * run.living < len(run.members):
            self._runs[number] = self._packed(run)
        for younger in (number + 1, number):
            if 0 < younger < len(self._runs) - 1:
                self._join(younger)

    def _packed(self, run: _Run) -> _Run:
        """Return the run with no slot empty. O(length)."""
        packed = _Run()
        for member in run.members:
            if member is not None:
                place = self._place_of[member.agent_id]
                place.run, place.slot = packed, len(packed.members)
                packed.members.append(member)
                if place.key is not None:
                    packed.free.setdefault(place.key, _Free(packed)).slots |= 1 << place.slot
        packed.living = len(packed.members)
        return packed

    def _join(self, number: int) -> None:
        """Merge a run into the older one before it, if they are of about one length."""
        older, younger = self._runs[number - 1], self._runs[number]
        shift = len(older.members)
        if shift + len(younger.members) > LONGEST or shift > 2 * len(younger.members):
            return
        older.note()
        younger.note()
        for key, free in younger.free.items():
            older.free.setdefault(key, _Free(older)).slots |= free.slots << shift
        for skill, levels in younger.exact.items():
            if skill not in older.exact:
                older.exact[skill] = [0] * (HIGHEST_LEVEL + 1)
            mine = older.exact[skill]
            for level, slots in enumerate(levels):
                mine[level] |= slots << shift
        older.members += younger.members
        older.living += younger.living
        older.noted = len(older.members)
        older.least.clear()
        younger.joined, younger.shift = older, shift  # members follow when they next change
        younger.members, younger.exact, younger.free = [], {}, {}
        self._check_keys(older)
        del self._runs[number]
        if number > 1:
            self._join(number - 1)


def _age(member: MemberRecord) -> tuple[int, AgentId]:
    return (member.last_assigned, member.agent_id)


def _members(run: _Run, slots: int, most: int) -> list[MemberRecord]:
    """Return the first members in these slots, of which some may have been left."""
    found: list[MemberRecord] = []
    while slots:
        below = slots - 1
        member = run.members[(slots ^ below).bit_length() - 1]
        if member is not None:
            found.append(member)
            if len(found) == most:
                break
        slots &= below
    return found
