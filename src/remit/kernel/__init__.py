"""The deterministic kernel: it judges orders and remembers, and touches nothing outside itself.

It never reads a clock, a random source, an environment, a file or a network. Everything it knows entered as a
Command; everything it did is a Record.
"""
