"""The core: the state of a desk, its one writer, and what decides."""
