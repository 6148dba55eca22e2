"""Statements made anew on sqlglot's tree, each with the same answer and an easier plan."""
