"""Mistakes that somebody might make, one or more for each module that decides something."""

from __future__ import annotations

from attrs import frozen

MACHINE = ("tests/core/test_machine.py",)
MODEL = ("tests/model",)
SHIFTS = ("tests/stories/test_shifts.py",)
CLOCKS = ("tests/stories/test_clocks.py", "tests/stories/test_agreements.py")
LEVELS = ("tests/stories/test_escalations.py",)
VECTORS = ("tests/core/test_sla_vectors.py", *CLOCKS)
CALENDARS = ("tests/sla",)


@frozen
class Bug:
    """A line that is changed, what is wrong then, and the tests that have to notice."""

    file: str
    wrong: str
    old: str
    new: str
    tests: tuple[str, ...] = MACHINE


BUGS = (
    Bug(
        "core/ages.py",
        "who left an index by age still counts in it",
        "        run.living -= 1\n",
        "",
        ("tests/core/test_ages.py",),
    ),
    Bug(
        "core/agreements.py",
        "who has no shift any more by another calendar is still asked",
        "        for record in shifted:\n            self._withdraw_from(record, at=at)\n",
        "",
        (*SHIFTS, *CLOCKS),
    ),
    Bug(
        "core/clocks.py",
        "the most time left is shown first",
        "key=lambda view: view.remaining",
        "key=lambda view: -view.remaining",
        CLOCKS,
    ),
    Bug(
        "core/escalating.py",
        "a level makes a ticket less urgent",
        "level.priority < ticket.priority",
        "level.priority > ticket.priority",
        LEVELS,
    ),
    Bug(
        "core/fold_clocks.py",
        "open clocks go on by a calendar that was changed",
        "event.calendar_id and clock.is_open:",
        "event.calendar_id and not clock.is_open:",
        CLOCKS,
    ),
    Bug(
        "core/timekeeping.py",
        "a policy that a queue names counts for no ticket",
        "if named is not None and agreement.policy.id == named:",
        "if named is not None and agreement.policy.id != named:",
        CLOCKS,
    ),
    Bug(
        "core/waking.py",
        "who leaves their shift stays asked",
        "agent_id=record.id))\n            self._withdraw_from(record, at=at)\n        else:",
        "agent_id=record.id))\n        else:",
        SHIFTS,
    ),
    Bug(
        "core/gate.py",
        "who is off shift is there",
        "and record.on_shift and channel not in",
        "and channel not in",
        SHIFTS,
    ),
    Bug(
        "sla/advice.py",
        "windows that touch are said to overlap",
        "            if start < end:\n",
        "            if start <= end:\n",
        CALENDARS,
    ),
    Bug(
        "sla/calendar.py",
        "a day after is counted from the day itself",
        "index = bisect_right(worked, number) + days - 1",
        "index = bisect_left(worked, number) + days - 1",
        CALENDARS,
    ),
    Bug(
        "sla/clock.py",
        "what follows a breach comes before it",
        "after = within + level.offset + (level.offset >= 0)",
        "after = within + level.offset + (level.offset > 0)",
        LEVELS,
    ),
    Bug(
        "sla/clock.py",
        "a pause counts",
        "            if pause is None and start < at\n",
        "            if start < at\n",
        VECTORS,
    ),
    Bug(
        "sla/explanation.py",
        "what was spared is counted to the end of time",
        "until = at if end is None else end",
        "until = HORIZON if end is None else end",
        CLOCKS,
    ),
    Bug(
        "sla/turns.py",
        "used up to the millisecond is missed",
        "elapsed > clock.within:",
        "elapsed >= clock.within:",
        CLOCKS,
    ),
    Bug(
        "sla/follow.py",
        "what resolving ended does not go on when the ticket is reopened",
        "clock.ended < resolved:",
        "clock.ended <= resolved:",
        CLOCKS,
    ),
    Bug(
        "sla/holiday.py",
        "a part of a country has the days of the whole",
        "country_holidays(country, subdiv=subdivision, years=year)",
        "country_holidays(country, subdiv=None, years=year)",
        CALENDARS,
    ),
    Bug(
        "sla/openings.py",
        "a shift does not replace the day",
        "if day in shifts else week",
        "if day not in shifts else week",
        CALENDARS,
    ),
    Bug(
        "sla/policy.py",
        "of two conditions one is enough",
        "            and (not self.channels or ticket.channel in self.channels)\n",
        "            or (not self.channels or ticket.channel in self.channels)\n",
        CLOCKS,
    ),
    Bug(
        "sla/reading.py",
        "midnight at the end of a day is its beginning",
        "read.add((start, end or _WHOLE_DAY))",
        "read.add((start, end))",
        CALENDARS,
    ),
    Bug(
        "sla/versions.py",
        "an edition that was to come is kept",
        "if each.effective_from < effective_from)",
        "if each.effective_from != effective_from)",
        CALENDARS,
    ),
    Bug(
        "sla/windows.py",
        "a window that is used up is due at the next opening",
        "window = bisect_left(sums, target, window)",
        "window = bisect_right(sums, target, window)",
        CALENDARS,
    ),
    Bug(
        "sla/zones.py",
        "an offset changes a second late",
        "since, seen, offset = look, look, offset_at(look)",
        "since, seen, offset = look + 1, look, offset_at(look)",
        CALENDARS,
    ),
    Bug(
        "core/answering.py",
        "one accepts, and the other offers stay open",
        "[other for other in ticket.offers or () if other != agent_id]",
        "[other for other in ticket.offers or () if False]",
    ),
    Bug(
        "core/chance.py",
        "a number drawn is used twice",
        "del self._ahead[:count]",
        "del self._ahead[: count - 1]",
    ),
    Bug(
        "core/conductor.py",
        "who begins a shift gets a ticket before somebody else's shift ends at that instant",
        "if timer.kind is TimerKind.SHIFT and then is not None",
        "if timer.kind is TimerKind.GRACE and then is not None",
        SHIFTS,
    ),
    Bug(
        "core/waking.py",
        "an agent is away one miss too late",
        "if record.misses >= policy.max_misses:",
        "if record.misses > policy.max_misses:",
    ),
    Bug(
        "core/delivery.py",
        "an offer ends a millisecond late",
        "until=at + ring,",
        "until=at + ring + 1,",
    ),
    Bug(
        "core/delivery.py",
        "who missed a ticket is asked first when it wishes for them",
        "        if agent_id in again:\n            continue\n",
        "",
    ),
    Bug(
        "core/demands.py",
        "who has declined still counts as one who could come",
        "                fitting -= 1\n",
        "                fitting -= 0\n",
    ),
    Bug(
        "core/departments.py",
        "a closed queue's tickets move in the order of submission",
        "key=lambda ticket: (ticket.arrived, ticket.ordinal)",
        "key=lambda ticket: ticket.ordinal",
    ),
    Bug(
        "core/explain.py",
        "the others include who is asked already",
        "if agent_id == winner or agent_id in (ticket.offers or ()):",
        "if agent_id == winner:",
    ),
    Bug(
        "core/fold_offers.py",
        "the ring widens once more than there are members",
        "event.wanted >= len(ticket.queue.members)",
        "event.wanted > len(ticket.queue.members)",
    ),
    Bug(
        "core/fold_staff.py",
        "misses in a row outlive a break",
        "            record.misses = 0\n",
        "",
    ),
    Bug(
        "core/fold_tickets.py",
        "a freed slot does not move the turn",
        "        if event.cause in ev.BY_STRATEGY:\n",
        "        if event.cause is ev.Cause.ROUTED:\n",
    ),
    Bug(
        "core/gate.py",
        "a limit per queue is off by one",
        "if held >= member.limit:",
        "if held > member.limit:",
    ),
    Bug(
        "core/gate.py",
        "a wrap-up that is over at that instant still keeps its slot",
        "if (slot.wrap_up_until or 0) <= instant",
        "if (slot.wrap_up_until or 0) < instant",
    ),
    Bug(
        "core/handling.py",
        "a wrap-up ends a millisecond early",
        "wrap_up_until=at + wrap_up if wrap_up else None",
        "wrap_up_until=at + wrap_up - 1 if wrap_up else None",
    ),
    Bug(
        "core/handout.py",
        "the lighter queue goes first",
        "return (-queue.queue.weight,",
        "return (queue.queue.weight,",
    ),
    Bug(
        "core/heads.py",
        "who has just the level asked is not held against a ticket far back",
        "if level <= best[skill]",
        "if level < best[skill]",
        ("tests/core/test_heads.py",),
    ),
    Bug(
        "core/lines.py",
        "a ticket made urgent stays where it stood",
        "            _take(entry)\n            _put(entry)\n",
        "            pass\n",
    ),
    Bug(
        "core/records.py",
        "who worked is idle since they came",
        "return self.available_since if self.ended_at is None else self.ended_at",
        "return self.available_since",
    ),
    Bug(
        "core/roster.py",
        "who switched a channel off gets its tickets",
        "            or record.channels_off\n",
        "",
        ("tests/stories",),
    ),
    Bug(
        "core/roster.py",
        "who gets an offer's room back is not looked at",
        "        self.gained[record.id] = record\n        self._reload(record, offer.queue, -1)\n",
        "        self._reload(record, offer.queue, -1)\n",
    ),
    Bug(
        "core/routing.py",
        "a transfer loses its place, and a fresh place is none",
        "arrived = at if fresh_place else ticket.arrived",
        "arrived = ticket.arrived if fresh_place else at",
    ),
    Bug(
        "core/staffing.py",
        "who comes back is not asked again",
        "            self._fresh.extend(tried)  # who comes back may be asked again\n",
        "",
    ),
    Bug(
        "core/state.py",
        "sliding windows stand still",
        "            self.roster.reach(at)\n",
        "            pass\n",
    ),
    Bug(
        "core/steps.py",
        "a ticket on hold moves to where it counts without room",
        "if ticket.state is RoutingState.PARKED and not begins_to_count:",
        "if ticket.state is RoutingState.PARKED:",
    ),
    Bug(
        "core/store.py",
        "a withdrawn offer stays reserved",
        "        self.roster.unreserve(offer)\n",
        "",
    ),
    Bug(
        "core/timers.py",
        "what is due now is due later",
        "if first is not None and first <= at else None",
        "if first is not None and first < at else None",
        ("tests/core/test_timers.py",),
    ),
    Bug(
        "core/views.py",
        "tickets on hold that count are in no list",
        "parked=(*(record.parked or ()), *on_hold),",
        "parked=tuple(record.parked or ()),",
    ),
    Bug(
        "core/windows.py",
        "a window is closed at the wrong end",
        "entries[0][0] + self.span <= at:",
        "entries[0][0] + self.span < at:",
    ),
    Bug(
        "strategies/ranked.py",
        "a tie is flipped",
        "return (*self.key(member), member.last_assigned, member.agent_id)",
        "return (*self.key(member), -member.last_assigned, member.agent_id)",
    ),
    Bug(
        "strategies/round_robin.py",
        "the turn stays with who was asked",
        "inclusive=(False, True)",
        "inclusive=(True, True)",
        ("tests/strategies/test_round_robin.py",),
    ),
    Bug(
        "strategies/priority.py",
        "the second tier is asked although the first has enough",
        "if len(chosen) >= (1 if most is None else most):",
        "if len(chosen) > (1 if most is None else most):",
        ("tests/strategies/test_priority.py",),
    ),
    Bug(
        "strategies/random_pick.py",
        "the last of all is never drawn",
        "int(self._source.random() * urn.left)",
        "int(self._source.random() * max(1, urn.left - 1))",
        ("tests/strategies/test_random_pick.py",),
    ),
    Bug(
        "strategies/power_of_two.py",
        "somebody is compared with themselves",
        "if other >= one:",
        "if other > one:",
        ("tests/strategies/test_power_of_two.py",),
    ),
    Bug(
        "strategies/load_ratio.py",
        "shares that differ a little tie",
        "_BITS = 40",
        "_BITS = 4",
        ("tests/strategies/test_load_ratio.py",),
    ),
    Bug(
        "strategies/registry.py",
        "a plug-in without a method passes",
        "    if missing:\n",
        "    if len(missing) > 1:\n",
        ("tests/strategies/test_registry.py",),
    ),
    Bug(
        "model/line_order.py",
        "waiting lowers a ticket",
        "arrived + int(priority) * self.per_level",
        "arrived - int(priority) * self.per_level",
    ),
    Bug(
        "model/relaxation.py",
        "a reach of one tier is refused",
        "if self.least > self.greatest:",
        "if self.least >= self.greatest:",
    ),
    Bug(
        "model/lifecycle.py",
        "a ticket on hold cannot be moved",
        "        (_PARKED, TicketTransferred): _PARKED,\n",
        "",
    ),
    Bug(
        "model/instants.py",
        "a second has a thousand and one milliseconds",
        "count * 1_000",
        "count * 1_001",
        (*MODEL, "src/ticketroute/model"),
    ),
)
