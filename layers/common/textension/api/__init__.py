"""The apps' REST API: what its requests and answers look like, and which part of the package answers them."""
