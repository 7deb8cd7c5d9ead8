"""Draws histories as the tests of a profile do, and writes as JSON what they hold.

Run as ``python drawn_histories.py PROFILE``: how many of them have each kind of event, how many
intents each has, and how many have a queue that offers.
"""

from __future__ import annotations

import json
import sys
from collections import Counter

from hypothesis import Phase, given, seed, settings

from ticketroute import commands
from ticketroute.model.queue import Delivery
from ticketroute.testing import DispatcherContract, History, histories, profiles

AT_LEAST = 100


def main(profile: str) -> None:
    profiles.register()
    found: Counter[str] = Counter()
    lengths: list[int] = []
    offering = 0
    at_a_time = min(settings.get_profile(profile).max_examples, AT_LEAST)
    for number in range(-(-AT_LEAST // at_a_time)):

        @seed(number)
        @settings(
            settings.get_profile(profile),
            max_examples=at_a_time,
            derandomize=False,
            database=None,
            phases=[Phase.generate],
        )
        @given(histories(max_size=DispatcherContract.most_commands))
        def run(history: History) -> None:
            nonlocal offering
            found.update({type(event).__name__ for turn in history.run() for event in turn.events})
            lengths.append(len(history.intents))
            offering += any(
                call.kind is commands.AddQueue and call.values[0].delivery is Delivery.OFFER
                for call in history.opening
            )

        run()
    sys.stdout.write(json.dumps({"found": found, "lengths": lengths, "offering": offering}))


if __name__ == "__main__":
    main(sys.argv[1])
