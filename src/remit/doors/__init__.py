"""Doors: thin ways in. They carry the caller's token to the guard and render what comes back."""
