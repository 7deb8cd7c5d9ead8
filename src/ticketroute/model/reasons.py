"""The reasons why an agent may not get a ticket, in the order in which the gate checks them."""

from __future__ import annotations

from ticketroute.model.frozen import Word


class Reason(Word):
    """The first rule that keeps an agent from a ticket; members are in the order of the checks."""

    UNKNOWN_AGENT = "unknown_agent"
    NOT_MEMBER = "not_member"
    BY_HAND_ONLY = "by_hand_only"  #: they get this queue's tickets only by hand
    OFFLINE = "offline"
    AWAY = "away"
    OFF_SHIFT = "off_shift"  #: their shift calendar is closed
    CHANNEL_OFF = "channel_off"  #: they do not serve the channel, or have switched it off
    WRAP_UP = "wrap_up"  #: they have no room until a slot in wrap-up is free
    COOLING_DOWN = "cooling_down"  #: they get nothing for a while after a miss or a decline
    MISSING_SKILL = "missing_skill"
    SKILL_LEVEL = "skill_level"
    OUT_OF_REACH = "out_of_reach"  #: their priority is outside the ticket's reach so far
    CHANNEL_LIMIT = "channel_limit"
    QUEUE_LIMIT = "queue_limit"
    INTERRUPTED = "interrupted"  #: the ticket is interruptible, and they hold work that is not
    ROOM_HELD = "room_held"  #: they hold room for another ticket that has waited long
    AGENT_LIMIT = "agent_limit"  #: the ticket's cost does not fit in their capacity
    RATE_LIMIT = "rate_limit"
    DECLINED = "declined"  #: they declined this ticket
    MISSED = "missed"  #: they recently let an offer of this ticket expire
    ASKED = "asked"  #: they have an open offer of this ticket
    RESERVED = "reserved"  #: the ticket waits for another agent
    NOT_PERMITTED = "not_permitted"  #: the host's own rule refuses it
