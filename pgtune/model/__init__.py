"""The few types that every room shares. Nothing here reads anything."""
