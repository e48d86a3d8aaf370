"""Public parts for testing against remit: a disk in memory and what joins it."""
