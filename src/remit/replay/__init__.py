"""Replay: push a file of real agents' orders through the real kernel against real prices, on the paper venue."""
