"""The public pages: places, search, calendars."""
