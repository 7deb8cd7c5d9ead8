"""The desk that a host embeds: its configuration, and what it is made of."""
