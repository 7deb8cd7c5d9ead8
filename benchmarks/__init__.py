"""How much ticketroute costs, as ratios to yardsticks: ``python -m benchmarks``."""
