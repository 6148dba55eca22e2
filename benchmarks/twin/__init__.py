"""How true the planning twin is: its plans against those of the database that it stands for."""
