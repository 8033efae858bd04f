"""The observatory's pages: places and their figures, maps, comparisons, drawn areas; files; activities and stocks."""
