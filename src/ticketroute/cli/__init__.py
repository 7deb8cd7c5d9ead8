"""The command line: ``ticketroute compare``, ``demo``, ``route``, ``sla`` and others."""

from __future__ import annotations

import sys
from collections.abc import Sequence

NEEDED = frozenset({"click", "rich"})  # what the extra `cli` brings
HOW_TO_INSTALL = (
    "ticketroute: the command line needs the package {name!r}, which is not installed;\n"
    "install it with: pip install 'ticketroute[cli]'"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; without the extra, say how to install it."""
    try:
        # Not at the top: an install without the extra has to get as far as the message below.
        from ticketroute.cli.program import run  # noqa: PLC0415
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130  # as ticketroute.cli.faults has it, which may not have been read yet
    except MemoryError:
        print("Error: the memory is full; close other programs", file=sys.stderr)
        return 1
    except ModuleNotFoundError as fault:
        package = (fault.name or "").partition(".")[0]
        if package not in NEEDED:
            raise
        print(HOW_TO_INSTALL.format(name=package), file=sys.stderr)
        return 1
    return run(arguments)
