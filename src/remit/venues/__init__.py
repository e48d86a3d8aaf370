"""Venues: pure codecs between the kernel's orders and the bytes a venue speaks; no key and no socket lives here."""
