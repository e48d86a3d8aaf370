"""The guard: the one process that holds keys, and the shell around the kernel."""
