"""Remit lets an autonomous trading agent act only within its remit: one guard judges, journals, then signs every
order."""

__version__ = "0.1.0.dev0"
