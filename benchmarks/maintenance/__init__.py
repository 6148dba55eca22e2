"""Maintenance: how long deciding takes, how well it chooses, and what a night costs beside the tools that do it all."""
