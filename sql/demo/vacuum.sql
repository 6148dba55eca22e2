-- Every table of the shop as a nightly vacuum leaves it. Run by the owner of the tables.
vacuum (analyze)
