"""How fast, how cheap and how reliable Textension is: measured beside what one would use instead, and the floor."""
