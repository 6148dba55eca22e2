"""Which tables to partition, and how."""
