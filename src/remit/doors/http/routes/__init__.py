"""The rows of the table, part by part."""

from remit.doors.http.routes import approvals, door, orders
from remit.doors.http.table import Route

ROUTES: tuple[Route, ...] = (
    *door.ROUTES,
    *orders.ROUTES,
    *approvals.ROUTES,
)
"""Every endpoint of the API."""
