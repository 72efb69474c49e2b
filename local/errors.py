"""What can go wrong with the local stack: one error, whose text is the line that the user reads."""


class LocalError(Exception):
    """Something that the user can act on; shown without a traceback."""
