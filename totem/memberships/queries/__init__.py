"""Reads, a module for each part: agreements, dues, credits, the monthly run."""
