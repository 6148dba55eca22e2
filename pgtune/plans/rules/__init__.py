"""Rules over plans: each a function of a spot that yields what it finds. A rule is added by naming it in its module."""
