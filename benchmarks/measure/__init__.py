"""What a server spent: processor time and memory from /proc, its own counters, a memory cgroup to hold it."""
