"""The apps' WebSockets: who connects, who leaves, and what they hear of."""
