"""Proves with figures that nothing is lost and nothing is sent twice: faults at every boundary, and a ledger of all.

The functions run in this process with the real AWS client, its retries and the real HTTP client; AWS's emulator and the
ClickSend simulator answer over HTTP. Only time is played, so that a day takes no longer than its calls.
"""
