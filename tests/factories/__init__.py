"""Factories, one module a room; traits name the situations tests speak of."""
