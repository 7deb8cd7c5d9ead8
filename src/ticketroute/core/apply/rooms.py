"""Applies events about room that is held for heavy work."""

from __future__ import annotations

from attrs import evolve

from ticketroute.core.apply.shared import enter_lines, give_back_room, transition
from ticketroute.core.index.timers import Timer, TimerKind
from ticketroute.core.records import HeldRoom
from ticketroute.core.state import State
from ticketroute.model import events as ev


def on_room_wanted(state: State, event: ev.RoomWanted) -> None:
    ticket = transition(state, event)
    ticket.past = evolve(ticket.past, room_wanted=True)
    state.timers.cancel(Timer(TimerKind.HOLD_ROOM, ticket.id))
    state.wanting[ticket.id] = ticket
    state.roster.special = True


def on_room_held(state: State, event: ev.RoomHeld) -> None:
    ticket, agent = transition(state, event), state.roster.agents[event.agent_id]
    ticket.past = evolve(ticket.past, room_of=agent.id)
    del state.wanting[ticket.id]
    state.held[ticket.id] = ticket
    state.demands.rooms_held = len(state.held)
    agent.own.room = HeldRoom(ticket)
    state.roster.reindex(agent)
    enter_lines(state, ticket)


def on_room_released(state: State, event: ev.RoomReleased) -> None:
    ticket = transition(state, event)
    give_back_room(state, ticket)
    state.wanting[ticket.id] = ticket
    state.roster.special = True
    if ticket.entries:
        enter_lines(state, ticket)
