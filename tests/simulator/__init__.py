"""Tests of the ClickSend simulator, over real sockets."""
