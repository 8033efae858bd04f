"""Factories, one module per room; a trait is a situation that tests need."""
