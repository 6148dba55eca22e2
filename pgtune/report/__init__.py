"""Every answer as text: for a terminal, a ticket, a program, a server, a browser. Values in, text out, nothing read."""
