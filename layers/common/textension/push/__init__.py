"""Web Push: which services there are, how a push is sealed and signed, who is pushed."""
