import { describe, expect, it } from "vitest";
import { backoff } from "../src/data/backoff.ts";
import { dayLabel, daysAgo, futureTime, listTime } from "../src/data/days.ts";
import { localInput, nextMonday, sendable, tomorrowMorning } from "../src/data/later.ts";
import { pieces } from "../src/data/links.ts";
import { matches } from "../src/data/search.ts";
import { measure } from "../src/data/segments.ts";
import { mayCancel, mayResend, words } from "../src/data/states.ts";
import { hrefs, parse } from "../src/router.ts";
import { refusal, texts } from "../src/texts.ts";
import { message } from "./arrange.ts";

describe("segments", () => {
  it.each([
    ["", "GSM-7", 0, 0],
    ["a".repeat(160), "GSM-7", 160, 1],
    ["a".repeat(161), "GSM-7", 161, 2],
    ["a".repeat(306), "GSM-7", 306, 2],
    ["a".repeat(307), "GSM-7", 307, 3],
    ["€".repeat(80), "GSM-7", 160, 1],
    ["€".repeat(81), "GSM-7", 162, 2],
    ["ї", "UCS-2", 1, 1],
    ["’".repeat(70), "UCS-2", 70, 1],
    ["’".repeat(71), "UCS-2", 71, 2],
    ["🙂".repeat(35), "UCS-2", 70, 1],
    ["🙂".repeat(36), "UCS-2", 72, 2],
    ["Grüße\n", "GSM-7", 6, 1],
  ])("measures %j", (text, encoding, characters, segments) => {
    expect(measure(text)).toMatchObject({ encoding, characters, segments });
  });

  it("tells how much still fits into the last segment", () => {
    expect([measure("a").left, measure("a".repeat(161)).left, measure("’").left]).toEqual([159, 145, 69]);
  });
});

describe("links", () => {
  it("finds web addresses without the sentence around them", () => {
    expect(pieces("See (https://example.com/a_(b)?q=1), or http://example.org.")).toEqual([
      { text: "See (" },
      { text: "https://example.com/a_(b)?q=1", href: "https://example.com/a_(b)?q=1" },
      { text: "), or " },
      { text: "http://example.org", href: "http://example.org/" },
      { text: "." },
    ]);
  });

  it.each([
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "https://user:secret@example.com/",
    "<a href='https://'>",
    "vbscript:x",
    "https://",
  ])("makes no link of %s", (text) => {
    expect(pieces(text).filter((piece) => piece.href)).toEqual([]);
  });

  it("loses nothing of a text", () => {
    const text = "a <b>https://example.com</b> & https://x.example/?q=<script>";

    expect(
      pieces(text)
        .map((piece) => piece.text)
        .join(""),
    ).toBe(text);
  });
});

describe("states", () => {
  it("says that an unknown outcome is unknown", () => {
    expect(words(message({ state: "unknown" }))).toMatchObject({ words: "Unknown: we are checking", loud: true });
    expect(words(message({ state: "unresolved" })).words).toBe("Could not confirm: send again?");
  });

  it("says why a text was not sent", () => {
    const said = words(message({ state: "rejected", reason: "INVALID_RECIPIENT" }));

    expect(said).toMatchObject({ words: "Not sent: this number cannot receive texts", tone: "bad" });
  });

  it("says why a text still waits", () => {
    expect(words(message({ state: "queued", reason: "INSUFFICIENT_CREDIT" })).words).toContain("no credit");
  });

  it("has words for each state, and shows a code that it does not know", () => {
    expect(Object.keys(texts.states)).toHaveLength(12);
    expect(words(message({ state: "undelivered", reason: "Handset off" })).words).toBe("Not delivered: Handset off");
  });

  it("lets a text be sent again once, and be cancelled while it waits", () => {
    expect(mayResend(message({ state: "unresolved" }))).toBe(true);
    expect(mayResend(message({ state: "unresolved", resent_as: "other" }))).toBe(false);
    expect(mayResend(message({ state: "unknown" }))).toBe(false);
    expect(mayCancel(message({ state: "scheduled" }))).toBe(true);
    expect(mayCancel(message({ state: "sending" }))).toBe(false);
  });
});

describe("days", () => {
  const now = new Date(2026, 10, 24, 10, 0);
  const at = (day: number, hour = 9) => new Date(2026, 10, day, hour).toISOString();

  it("counts by the calendar, not by hours", () => {
    expect(daysAgo(new Date(2026, 10, 23, 23, 59), now)).toBe(1);
    expect(daysAgo(new Date(2026, 10, 24, 0, 0), now)).toBe(0);
  });

  it("names days as people do", () => {
    expect([dayLabel(at(24), now), dayLabel(at(23), now), dayLabel(at(20), now)]).toEqual([
      "Today",
      "Yesterday",
      "Friday",
    ]);
    expect(dayLabel(at(1), now)).toContain("November");
    expect(dayLabel(new Date(2024, 1, 1).toISOString(), now)).toContain("2024");
    expect(listTime(at(23), now)).toBe("Yesterday");
    expect(futureTime(at(25), now)).toMatch(/^Tomorrow, /);
  });

  it("offers times to send at", () => {
    expect(localInput(tomorrowMorning(now))).toBe("2026-11-25T09:00");
    expect(localInput(nextMonday(now))).toBe("2026-11-30T09:00");
    expect(nextMonday(new Date(2026, 10, 23)).getDate()).toBe(30);
    expect(sendable("2026-11-24T09:59", now)).toBeNull();
    expect(sendable("2027-03-24T09:59", now)).toBeNull();
    expect(sendable("", now)).toBeNull();
    expect(sendable("2026-11-24T10:01", now)).toEqual(new Date(2026, 10, 24, 10, 1));
  });
});

describe("search", () => {
  const one = { contact_name: "Ana Souza", peer: "+61422222222", number: "+61411111111", last_text: "Open today?" };

  it.each(["ana", "SOUZA", "today", "+61 422", "0422 222", "22222", ""])("finds by %j", (words) => {
    expect(matches(one, words)).toBe(true);
  });

  it.each(["bob", "0433", "+1"])("does not find by %j", (words) => {
    expect(matches(one, words)).toBe(false);
  });
});

describe("addresses of screens", () => {
  it("name a conversation and find it again", () => {
    const place = { number: "+61411111111", peer: "A/B #1" };

    expect(parse(hrefs.conversation(place))).toEqual({ page: "messages", place });
  });

  it("lead to the list where they make no sense", () => {
    expect(parse("#/c/%E0%A4%A/x")).toMatchObject({ page: "messages" });
    expect(parse("#/nowhere")).toEqual({ page: "messages", place: null });
  });
});

describe("refusals and pauses", () => {
  it("have words of their own, else the server's", () => {
    expect(refusal("recipient_opted_out", "x")).toContain("opted out");
    expect(refusal("something_new", "Do this instead.")).toBe("Do this instead.");
  });

  it("grow, up to half a minute, and differ between clients", () => {
    expect([0, 1, 4].map((failures) => backoff(failures, 1))).toEqual([500, 1000, 8000]);
    expect(backoff(50, 1)).toBe(30_000);
    expect(backoff(50, 0)).toBe(15_000);
  });
});
