"""Deciding what to vacuum, analyze, rebuild and clean up: rows of the catalog in, jobs in order out. Reads nothing."""
