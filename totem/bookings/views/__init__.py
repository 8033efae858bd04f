"""Pages of bookings: booking a space, guests, one's own bookings, and the front desk."""
