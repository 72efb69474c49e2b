"""The e-mail copies of inbound texts, and what came back of them."""
