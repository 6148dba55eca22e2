"""The review measured: speed beside other linters, cold starts, and the truth about type changes."""
