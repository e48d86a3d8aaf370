"""Notifications: what a person must hear of, carried from the journal to channels, each at least once."""
