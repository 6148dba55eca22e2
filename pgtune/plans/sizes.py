"""From which sizes on the work that a table makes is worth a word."""

PAGE = 8192  # bytes, BLCKSZ of every packaged server

# Where reading a whole table begins to matter: 1 MB is read in half a millisecond from memory, as long as a hundred
# lookups take; 8 MB in a few milliseconds; 1 GB in about a second.
SOME_PAGES, BIG_PAGES, HUGE_PAGES = 128, 1_000, 131_072
