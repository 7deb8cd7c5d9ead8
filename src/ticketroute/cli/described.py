"""The desk of a configuration as the simulation takes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ticketroute.cli.faults import InputError
from ticketroute.desk.config import Config
from ticketroute.desk.config_plan import settled, targets_first
from ticketroute.errors import ConfigurationError

if TYPE_CHECKING:
    from ticketroute.simulation.reading import Described


def described(path: Path) -> Described:
    """Read a configuration for a study, its rules left out: a study says where tickets come in.

    Raises:
        InputError: with all that is wrong in the configuration.
    """
    from ticketroute.simulation.reading import Described  # noqa: PLC0415  the extra `sim`

    try:
        config = Config.load(path)
    except ConfigurationError as fault:
        raise InputError(str(fault)) from fault
    return Described(
        agents=tuple(config.agents.values()),
        queues=tuple(settled(config.queues[name]) for name in targets_first(config.queues)),
        calendars=config.calendars,
        policies=config.policies,
        defaults=config.defaults,
    )
