"""Which tables to partition, by what, and how to get there while the application writes."""
