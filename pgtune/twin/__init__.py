"""The planning twin: an empty PostgreSQL that plans at production scale without production's data."""
