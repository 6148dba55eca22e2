"""What a server needs besides its buffers: shared memory, a backend's own memory, the fixed processes, a plan node."""
