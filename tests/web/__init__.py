"""The web app in a real browser, on the running local stack."""
