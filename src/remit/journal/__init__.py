"""The journal: an append-only, signed record of bytes on disk. It knows no order and imports nothing of remit."""
