"""SQL as text: parsed, fingerprinted, qualified, its predicates found and its placeholders settled."""
