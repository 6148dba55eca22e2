"""Advice on indexes and partitions as text: for a terminal, a ticket, a program, a browser."""
