"""A strategy that another package brings."""

from ticketroute.strategies.contract import Key, Member
from ticketroute.strategies.ranked import Ranked


class SpecialistsFirst(Ranked):
    """The agent with the fewest skills, so that those who can do anything stay free."""

    key_names = ("skills", "tickets")

    def key(self, member: Member) -> Key:
        """Return how many skills the member has, and how many tickets."""
        return (len(member.skills), member.count)
