"""The witness: a process of somebody else's, that signs a journal's heads and never two that contradict each other."""
