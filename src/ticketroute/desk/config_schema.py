"""The JSON Schema of a configuration, made of what reads it, so that editors complete it."""

from __future__ import annotations

from typing import Any

from ticketroute.desk.config import VERSION
from ticketroute.desk.config_rules import CONDITION, RULE
from ticketroute.desk.config_tables import AGENT, AN_ID, DEFAULTS, POLICY, QUEUE, SOME_IDS
from ticketroute.sla.reading import WEEKDAYS

_CLOCK = {"type": "string", "pattern": "^[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?$"}
_WINDOW = {"type": "array", "items": _CLOCK, "minItems": 2, "maxItems": 2}
_WINDOWS = {"type": "array", "items": _WINDOW, "maxItems": 24}
_DATED = {"type": "object", "additionalProperties": _WINDOWS}
_HOLIDAY = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {"country": {"type": "string"}, "subdivision": {"type": "string"}},
            "required": ["country"],
            "additionalProperties": False,
        },
    ]
}
_CALENDAR = {
    "type": "object",
    "properties": {
        "zone": {"type": "string"},
        "hours": {
            "type": "object",
            "properties": dict.fromkeys(WEEKDAYS, _WINDOWS),
            "additionalProperties": False,
        },
        "holidays": {"type": "array", "items": _HOLIDAY},
        "shifts": _DATED,
        "breaks": _DATED,
        "within": SOME_IDS.schema(),
        "name": {"type": "string"},
    },
    "required": ["zone"],
    "additionalProperties": False,
}


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a configuration file.

    What it refuses, the reader refuses as well; names that lead nowhere only the reader finds.

    >>> sorted(schema()["properties"])[:3]
    ['agents', 'calendars', 'defaults']
    """

    def named(inner: dict[str, Any]) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": inner}

    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A desk of ticketroute",
        "type": "object",
        "properties": {
            "version": {"const": VERSION},
            "include": SOME_IDS.schema(),
            "defaults": DEFAULTS.schema(),
            "calendars": named(_CALENDAR),
            "agents": named(AGENT.schema()),
            "queues": named(QUEUE.schema()),
            "policies": {"type": "array", "items": POLICY.schema()},
            "rules": {"type": "array", "items": RULE.schema()},
            "moved": named(AN_ID.schema()),
        },
        "additionalProperties": False,
        "$defs": {"condition": CONDITION.schema()},
    }
