"""How fast and how cheap Textension is, measured beside what one would use instead, and beside the floor."""
