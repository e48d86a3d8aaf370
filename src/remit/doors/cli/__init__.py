"""The command line: a thin door to the guard. It reads and asks over the guard's socket, and never decides anything."""
