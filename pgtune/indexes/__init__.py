"""Which indexes to create, keep and drop."""
