"""A plan and what is wrong with it, as text, JSON, Markdown and HTML."""
