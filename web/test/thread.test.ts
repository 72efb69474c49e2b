import { describe, expect, it } from "vitest";
import { messageOf, Seen, touched } from "../src/data/events.ts";
import type { Waiting } from "../src/data/outbox.ts";
import { merged, rows } from "../src/data/thread.ts";
import { place, range } from "../src/ui/virtual.tsx";
import { conversation, event, message, NUMBER, PEER } from "./arrange.ts";

describe("events", () => {
  it("count once, however often they come", () => {
    const seen = new Seen();

    expect([seen.first("a"), seen.first("a"), seen.first("b")]).toEqual([true, false, true]);
  });

  it("make a message, and keep what they do not say", () => {
    const known = message({ segments: 2, sender_id: "SHOP" });

    const found = messageOf(
      event({ time: "2026-11-22T03:16:00.000Z" }, { direction: "outbound", state: "sent" }),
      known,
    );

    expect(found).toMatchObject({
      state: "sent",
      changed_at: "2026-11-22T03:16:00.000Z",
      segments: 2,
      sender_id: "SHOP",
    });
  });

  it("count an inbound text as unread once", () => {
    const text = messageOf(event(), undefined);

    const once = touched(conversation(), text, true);
    const again = touched(once, text, true);

    expect([once.unread, again.unread, once.last_text]).toEqual([1, 1, "Are you open?"]);
  });

  it("leave the newest text on top when an older one arrives late", () => {
    const before = conversation({ last_at: "2026-11-23T00:00:00.000Z", last_text: "new", last_message_id: "m9" });

    const after = touched(before, messageOf(event(), undefined), true);

    expect([after.last_text, after.unread]).toEqual(["new", 1]);
  });

  it("count nothing for somebody who is blocked", () => {
    expect(touched(conversation({ blocked: true }), messageOf(event(), undefined), true).unread).toBe(0);
  });
});

describe("a thread", () => {
  it("takes the later of two states, in whatever order they come", () => {
    const sent = message({ state: "sent", changed_at: "2026-11-22T03:15:01.000Z" });
    const delivered = message({ state: "delivered", changed_at: "2026-11-22T03:15:02.000Z" });

    expect(merged([delivered], [sent])).toEqual([delivered]);
    expect(merged([sent], [delivered])).toEqual([delivered]);
  });

  it("puts late texts into their place", () => {
    const [early, late] = [message({ id: "b" }), message({ id: "a", sent_at: "2026-11-22T03:14:00.000Z" })];

    expect(merged([early], [late]).map((one) => one.id)).toEqual(["a", "b"]);
  });

  it("has days between bubbles, and bubbles of one mind together", () => {
    const at = (id: string, sent_at: string, direction: "inbound" | "outbound") => message({ id, sent_at, direction });
    const found = rows(
      [
        at("1", "2026-11-20T03:00:00.000Z", "inbound"),
        at("2", "2026-11-20T03:01:00.000Z", "inbound"),
        at("3", "2026-11-20T03:02:00.000Z", "outbound"),
        at("4", "2026-11-22T03:00:00.000Z", "outbound"),
      ],
      [],
    );

    const shape = found.map((row) =>
      row.kind === "day" ? "day" : `${row.key}${row.first ? "f" : ""}${row.last ? "l" : ""}`,
    );
    expect(shape).toEqual(["day", "1f", "2l", "3fl", "day", "4fl"]);
  });

  it("shows what still waits at the end", () => {
    const waiting = {
      key: "k",
      number: NUMBER,
      peer: PEER,
      at: "2026-11-22T03:16:00.000Z",
      extension: "101",
    } as Waiting;

    expect(rows([message()], [waiting]).map((row) => row.kind)).toEqual(["day", "message", "waiting"]);
  });
});

describe("a long list", () => {
  const list = Array.from({ length: 20_000 }, (_, index) => ({ key: `${index}` }));

  it("counts places from the bottom, with measured heights where they are known", () => {
    const found = place([{ key: "a" }, { key: "b" }, { key: "c" }], new Map([["b", 100]]), () => 10);

    expect([...found.starts, found.total]).toEqual([110, 10, 0, 120]);
  });

  it("shows the rows between two places and no others", () => {
    const { starts, total } = place(list, new Map(), () => 50);

    expect(total).toBe(1_000_000);
    expect(range(starts, -600, 800)).toEqual([19_983, 20_000]);
    expect(range(starts, 500_000, 500_800)).toEqual([9_983, 10_000]);
    expect(range(starts, 999_000, 1_001_000)).toEqual([0, 20]);
    expect(range(place([], new Map(), () => 1).starts, 0, 100)).toEqual([0, 0]);
  });
});
