"""Business calendars, service level policies and the clocks of tickets."""
