"""What lies in the package is its author's: it is collected where that is installed."""

collect_ignore = ["specialists"]
