"""``python -m ticketroute.cli`` does what ``ticketroute`` does."""

from __future__ import annotations

import sys

from ticketroute.cli import main

if __name__ == "__main__":
    sys.exit(main())
