"""Pages of bookings: booking a space, guests, one's own bookings, and the front desk."""

from django.http import HttpResponseRedirect


class SeeOther(HttpResponseRedirect):
    """Done: read the result at another address (303, so that no browser posts again)."""

    status_code = 303
