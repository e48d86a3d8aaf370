"""The HTTP door: one process that carries a caller's token to the guard and renders what comes back."""
