"""The review of a change: rules over what migrations do and over how queries are planned, and what is said of it."""
