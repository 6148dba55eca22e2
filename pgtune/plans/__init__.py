"""Plans: the tree and what can be read off it."""

from pgtune.plans.plan import Node, Plan

__all__ = ["Node", "Plan"]
