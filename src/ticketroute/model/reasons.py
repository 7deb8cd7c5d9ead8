"""Why an agent may not get a ticket: the codes of the gate, in the order it asks."""

from __future__ import annotations

from ticketroute.model.frozen import Word


class Reason(Word):
    """The first thing that keeps an agent from a ticket; the order here is the order of asking."""

    UNKNOWN_AGENT = "unknown_agent"
    NOT_MEMBER = "not_member"
    BY_HAND_ONLY = "by_hand_only"  #: takes this queue's tickets only by hand
    OFFLINE = "offline"
    AWAY = "away"
    OFF_SHIFT = "off_shift"  #: their shift calendar is closed
    CHANNEL_OFF = "channel_off"  #: does not serve the channel, or has switched it off
    WRAP_UP = "wrap_up"  #: would have room but for slots still in wrap-up
    COOLING_DOWN = "cooling_down"  #: gets nothing for a while after a miss or a decline
    MISSING_SKILL = "missing_skill"
    SKILL_LEVEL = "skill_level"
    OUT_OF_REACH = "out_of_reach"  #: agent priority outside what the ticket may go to by now
    CHANNEL_LIMIT = "channel_limit"
    QUEUE_LIMIT = "queue_limit"
    INTERRUPTED = "interrupted"  #: holds work that the ticket's channel may not keep them from
    ROOM_HELD = "room_held"  #: room is held for another ticket that has waited long
    AGENT_LIMIT = "agent_limit"  #: no room for the cost within the capacity
    RATE_LIMIT = "rate_limit"
    DECLINED = "declined"  #: said no to this ticket
    MISSED = "missed"  #: did not answer an offer of this ticket, not long ago
    ASKED = "asked"  #: has an open offer of this ticket
    RESERVED = "reserved"  #: the ticket waits for somebody else
    NOT_PERMITTED = "not_permitted"  #: the host's own predicate
