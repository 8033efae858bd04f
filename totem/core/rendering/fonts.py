"""The two families as TrueType, for drawings and documents: made from the web's fonts at set-up, never published."""

from pathlib import Path

FONTS = Path(__file__).resolve().parent.parent / "documents" / "fonts"
"""Not in the repository and not among the static files: `config.assets` fills it."""
