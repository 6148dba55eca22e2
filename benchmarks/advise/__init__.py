"""Index advice side by side with published figures, on servers that hold the data."""
