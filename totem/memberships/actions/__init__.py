"""Writes: plans, dues, agreements, deposits, credits, and the monthly run."""
