"""Writes: sellers and customers, drafts, issuing, payments and what closes them."""
