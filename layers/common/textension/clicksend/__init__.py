"""ClickSend, and nothing but ClickSend: what it posts, what it answers, how to call it."""
