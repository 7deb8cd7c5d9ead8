"""The ``queue_log`` of Asterisk: one line for each event of a call, cells between bars.

Source: Asterisk documentation, "Queue Logs"; ``main/logger.c`` for the five cells that every line
starts with.
"""

from __future__ import annotations

import re

HEADER = ("time", "callid", "queuename", "agent", "event", "data1", "data2", "data3", "data4")
LEAST_CELLS = 5
NOTHING = "NONE"  # a cell that does not apply
MEMBER_JOINS = frozenset({"ADDMEMBER", "AGENTLOGIN", "AGENTCALLBACKLOGIN"})

# An event that is not here says nothing about a call's way, such as RINGNOANSWER or PAUSE.
STEPS = {
    "ENTERQUEUE": "arrive",
    "CONNECT": "assign",
    "HOLD": "hold",
    "UNHOLD": "resume",
    "COMPLETECALLER": "resolve",
    "COMPLETEAGENT": "resolve",
    "ABANDON": "resolve",
    "EXITEMPTY": "resolve",
    "EXITWITHKEY": "resolve",
    "EXITWITHTIMEOUT": "resolve",
    "TRANSFER": "resolve",
    "BLINDTRANSFER": "resolve",
    "ATTENDEDTRANSFER": "resolve",
    "SYSCOMPAT": "resolve",
}
_EVENTS = frozenset(STEPS) | MEMBER_JOINS | {
    "QUEUESTART", "CONFIGRELOAD", "REMOVEMEMBER", "PAUSE", "UNPAUSE", "PAUSEALL", "UNPAUSEALL",
    "PAUSEREASON", "PENALTY", "RINGMEMBER", "RINGNOANSWER", "RINGCANCELED", "DID", "INFO",
    "AGENTDUMP", "AGENTLOGOFF", "AGENTCALLBACKLOGOFF", "ADDRINGINUSE", "RINGINUSE",
}  # fmt: skip
_LINE = re.compile(
    rb"(?:\xef\xbb\xbf)?\d[^|\r\n]*\|[^|\r\n]*\|[^|\r\n]*\|[^|\r\n]*\|(\w+)(?:\||\r?\n|$)", re.ASCII
)


def looks_like(start: bytes) -> bool:
    """Return whether the first bytes of a file are those of a ``queue_log``.

    Dial plans add events of their own with the application QueueLog, so that the first line may
    have one; a later line tells then.
    """
    for line in start.splitlines():
        found = _LINE.match(line)
        if found is None:
            return False
        if found[1].decode("ascii") in _EVENTS:
            return True
    return False
