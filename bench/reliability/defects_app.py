"""Seeded defects of frames to apps, of the sweep and of catching up: each is the real code with one thing broken."""

import functools
import json
from typing import Any
from unittest.mock import patch

from textension import assemble
from textension.catching_up import CatchUp
from textension.errors import Unavailable
from textension.realtime import Announcement, Realtime, Report
from textension.sweep import Sweep

from bench.reliability.defects_inbound import Seeded
from bench.reliability.site import Site


def unreached_is_reached(_: Site) -> Seeded:
    """Whose connections could not be read is taken for told."""
    deliver = Realtime.deliver

    def carelessly(self: Realtime, *given: Any, **more: Any) -> Report:
        report = deliver(self, *given, **more)
        report.unreached.clear()
        return report

    return patch.object(Realtime, "deliver", carelessly)


def frames_of_other_ids(_: Site) -> Seeded:
    """A frame has an id of its own, by which no app finds out that it knows the event."""
    read = Announcement.read

    def renamed(body: str) -> Announcement:
        found = read(body)
        event = json.loads(found.body) | {"id": f"{found.id}-frame"}
        return Announcement(found.id, found.extensions, json.dumps(event))

    return patch.object(Announcement, "read", renamed)


def never_caught_up(_: Site) -> Seeded:
    """Nobody looks into ClickSend's history for what came in."""
    return patch.object(CatchUp, "run", lambda *_, **__: [])


def sweep_dies(_: Site) -> Seeded:
    """A sweep that cannot begin for want of its secrets ends the function with an exception."""
    make = assemble.sweep

    @functools.cache
    def carelessly() -> Sweep:
        try:
            return make()
        except Unavailable as error:
            raise RuntimeError("not handled") from error

    return patch.object(assemble, "sweep", carelessly)
