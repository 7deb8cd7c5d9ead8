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

from collections.abc import Iterable, Mapping

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
MOST_KEYS = 64  # beyond which a key is no small thing to go through


@define(eq=False)
class _Run:
    members: list[MemberRecord | None] = Factory(list)  # by slot; None who has left it
    free: dict[Key, int] = Factory(dict)  # key -> who has room and stands there
    exact: dict[str, list[int]] = Factory(dict)  # skill -> by level, who has it, or had
    least: dict[tuple[str, int], int] = Factory(dict)  # skill, level -> who has that or more
    living: int = 0
    noted: int = 0  # slots whose skills are in ``exact``; of the others, many may be left unasked

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
        if self.noted < len(self.members):
            self.note()
        slots, least = -1, self.least
        for ability in skills.items():
            if ability not in least:
                least[ability] = self._at_least(*ability)
            slots &= least[ability]
        return slots

    def _at_least(self, skill: str, level: int) -> int:
        having = 0
        for slots in self.exact.get(skill, ())[level:]:
            having |= slots
        return having


@define(eq=False)
class _Place:
    run: _Run
    slot: int
    stamp: int
    skills: Mapping[str, int]
    key: Key | None = None  # None without room


class Ages:
    """The members of one queue by age.

    ``usable`` turns False for good once there are too many keys, ``stale`` turns True when a
    member comes who is not the youngest: whoever asks makes a new one.
    """

    def __init__(self, strategy: Ranked, members: Iterable[MemberRecord]) -> None:
        self.usable, self.stale = True, False
        self._strategy = strategy
        self._runs = [_Run()]  # the oldest first; the last takes members in
        self._place_of: dict[AgentId, _Place] = {}
        self._last: tuple[int, AgentId] | None = None
        self._keys: list[Key] | None = None  # of all with room, in order; None if one came or went
        for member in sorted(members, key=_age):
            self.put(member)

    def put(self, member: MemberRecord) -> None:
        """Hear of a member, or of any change of theirs. O(length of a run), amortised."""
        if self.stale or not self.usable:
            return
        place = self._place_of.get(member.agent_id)
        stamp, skills = member.last_assigned, member.skills
        if place is None or place.stamp != stamp or place.skills is not skills:
            age = (stamp, member.agent_id)
            if self._last is not None and age < self._last:
                self.stale = True
                return
            self._last = age
            if place is None:
                place = self._place_of[member.agent_id] = _Place(self._runs[-1], 0, stamp, skills)
            else:
                place.stamp, place.skills = stamp, skills
                self._vacate(place)
            self._seat(place, member)
        key = self._strategy.key(member) if member.is_open else None
        if key != place.key:
            self._free(place, key)
            if len(place.run.free) > MOST_KEYS:
                self.usable = False

    def drop(self, member: MemberRecord) -> None:
        """Let go of a member, who may not be in. O(length of a run), amortised."""
        place = self._place_of.pop(member.agent_id, None)
        if place is not None:
            self._vacate(place)

    def _vacate(self, place: _Place) -> None:
        """Empty a slot."""
        run = place.run
        self._free(place, None)
        run.members[place.slot] = None
        run.living -= 1
        if run is not self._runs[-1] and 2 * run.living < len(run.members):
            self._tidy(run)

    def free(self, skills: Mapping[str, int], most: int) -> list[MemberRecord]:
        """Return the first members with room who have these skills, in the strategy's order."""
        if self._keys is None:
            self._keys = sorted(set().union(*[run.free for run in self._runs]))
        found: list[MemberRecord] = []
        having: dict[_Run, int] = {}  # only of the runs that are come to: most often, the oldest
        for key in self._keys:
            for run in self._runs:
                if key in run.free:
                    if run not in having:
                        having[run] = run.having(skills)
                    slots = run.free[key] & having[run]
                    if slots:
                        found += _members(run, slots, most - len(found))
                        if len(found) == most:
                            return found
        return found

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
        """Let a member have room and stand at this key, or have no room."""
        bit, free = 1 << place.slot, place.run.free
        if place.key is not None:
            left = free[place.key] ^ bit
            if left:
                free[place.key] = left
            else:
                del free[place.key]
                self._keys = None
        if key is not None:
            if key in free:
                free[key] |= bit
            else:
                free[key] = bit
                self._keys = None
        place.key = key

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
        number = self._runs.index(run)
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
                    packed.free[place.key] = packed.free.get(place.key, 0) | 1 << place.slot
        packed.living = len(packed.members)
        return packed

    def _join(self, number: int) -> None:
        """Let a run become part of the older one before it, if they are of about one length."""
        older, younger = self._runs[number - 1], self._runs[number]
        shift = len(older.members)
        if shift + len(younger.members) > LONGEST or shift > 2 * len(younger.members):
            return
        older.note()
        younger.note()
        for key, free in younger.free.items():
            older.free[key] = older.free.get(key, 0) | free << shift
        for skill, levels in younger.exact.items():
            if skill not in older.exact:
                older.exact[skill] = [0] * (HIGHEST_LEVEL + 1)
            mine = older.exact[skill]
            for level, slots in enumerate(levels):
                mine[level] |= slots << shift
        for slot, member in enumerate(younger.members, start=shift):
            if member is not None:
                place = self._place_of[member.agent_id]
                place.run, place.slot = older, slot
        older.members += younger.members
        older.living += younger.living
        older.noted = len(older.members)
        older.least.clear()
        self.usable = self.usable and len(older.free) <= MOST_KEYS
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
