"""The simulator: the real guard, journal, wire and venues in virtual time, from one seed, where all goes wrong."""
