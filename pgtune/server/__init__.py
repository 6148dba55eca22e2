"""A user's live PostgreSQL: sessions, facts, and `run`, the only place that writes to it."""
