"""Attestation: a signed statement of what a guard runs and guards, and the hardware that may vouch for it.

Nothing here needs a private key, a network or a running guard: whoever holds the file checks it.
"""
