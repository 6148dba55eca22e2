"""Measurements on real servers: each is one command, prints what it measured, and claims nothing else."""
