"""Companies that have their seat at a hub: what is kept of each, its mail, the lists for the authorities."""
