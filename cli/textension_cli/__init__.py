"""`textension`, the operators' command line."""
