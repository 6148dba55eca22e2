"""A maintenance plan for people and programs: a table, Markdown, and the SQL for psql."""
