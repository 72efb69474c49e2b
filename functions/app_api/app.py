"""The REST API of the apps."""
