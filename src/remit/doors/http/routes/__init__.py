"""The rows of the table, part by part."""

from remit.doors.http.routes import door, orders
from remit.doors.http.table import Route

ROUTES: tuple[Route, ...] = (
    *door.ROUTES,
    *orders.ROUTES,
)
"""Every endpoint of the API."""
