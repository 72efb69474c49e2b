"""Seeded defects of the frames to the apps and of catching up: each is the real code with one thing broken."""

import json
from typing import Any
from unittest.mock import patch

from textension.catching_up import CatchUp
from textension.realtime import Announcement, Realtime, Report

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
