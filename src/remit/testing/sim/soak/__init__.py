"""The soak: fifty agents, a thousand instruments and an hour of trading in minutes, to see what only time shows."""
