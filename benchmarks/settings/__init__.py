"""Settings side by side: PostgreSQL's defaults, two peers and pgtune on the same server, data and transactions."""
