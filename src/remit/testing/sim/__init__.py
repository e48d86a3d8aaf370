"""The simulator: the real guard, journal, wire and venues in virtual time, from one seed, with everything going wrong."""
