"""The rules: one a file, with its words, a wrong and a right example."""
