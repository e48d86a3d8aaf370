"""Agents: programs that trade on their own. They stand outside the trust line and know the guard's socket alone.

Three rule-based ones run in the demo (`python -m remit.agents`): `momentum`, `reversion`, and `rogue`, which
misbehaves. To write your own, copy momentum.py: an agent is a name and a function from prices and holdings to ideas.
"""
