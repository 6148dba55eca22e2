"""What a user can ask for, one file a case: the only place where reading and deciding meet."""
