"""Business calendars: when a desk is open, and by when a span of open time is used up."""
