"""Pages of one's own organisations, and of the actors of a territory."""
