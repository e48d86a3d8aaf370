"""The rows of the table, part by part."""

from remit.doors.http.routes import (
    access,
    approvals,
    book,
    door,
    history,
    journal,
    mandates,
    notify,
    orders,
    page,
    people,
    sign_in,
    spend,
    stops,
    traders,
    world,
)
from remit.doors.http.table import Route

ROUTES: tuple[Route, ...] = (
    *page.ROUTES,
    *door.ROUTES,
    *orders.ROUTES,
    *book.ROUTES,
    *mandates.ROUTES,
    *access.ROUTES,
    *stops.ROUTES,
    *world.ROUTES,
    *sign_in.ROUTES,
    *people.ROUTES,
    *approvals.ROUTES,
    *journal.ROUTES,
    *traders.ROUTES,
    *notify.ROUTES,
    *spend.ROUTES,
    *history.ROUTES,
)
"""Every endpoint of the API."""
