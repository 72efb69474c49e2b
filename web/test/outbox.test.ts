import "fake-indexeddb/auto";
import { describe, expect, it } from "vitest";
import { ApiError, SignedOut, Unreachable } from "../src/api/client.ts";
import type { Message } from "../src/api/types.ts";
import { Store } from "../src/data/db.ts";
import { flush, judged, pause, type Waiting } from "../src/data/outbox.ts";
import { message, NUMBER, PEER } from "./arrange.ts";

const NOW = Date.parse("2026-11-22T03:20:00.000Z");
let names = 0;

const waiting = (key: string, at: string, changes: Partial<Waiting> = {}): Waiting => ({
  key,
  number: NUMBER,
  peer: PEER,
  text: key,
  scheduleAt: null,
  extension: "101",
  at,
  state: "waiting",
  tried: false,
  code: null,
  detail: null,
  ...changes,
});

async function shelf(...all: Waiting[]) {
  names += 1;
  const store = await Store.open(`outbox-${names}`);
  for (const one of all) await store.outbox.put(one);
  return store.outbox;
}

describe("the outbox", () => {
  it("sends in the order of writing, each with its own key, and keeps nothing that was taken", async () => {
    const box = await shelf(waiting("b", "2026-11-22T03:16:00Z"), waiting("a", "2026-11-22T03:15:00Z"));
    const sent: string[] = [];
    const send = async (one: Waiting) => {
      sent.push(one.key);
      return message({ id: one.key });
    };

    const left = await flush(box, send, () => undefined, NOW);

    expect([left, sent, await box.all()]).toEqual([null, ["a", "b"], []]);
  });

  it("keeps a text under the same key when nobody answers, and does not overtake it", async () => {
    const box = await shelf(waiting("a", "2026-11-22T03:15:00Z"), waiting("b", "2026-11-22T03:16:00Z"));
    const keys: string[] = [];
    const lost = async (one: Waiting): Promise<Message> => {
      keys.push(one.key);
      throw new Unreachable("no answer");
    };

    expect(await flush(box, lost, () => undefined, NOW)).toEqual({ seconds: null });
    await flush(box, lost, () => undefined, NOW);

    expect(keys).toEqual(["a", "a"]);
    expect((await box.all()).map((one) => one.key)).toEqual(["a", "b"]);
  });

  it("shows a refusal and goes on with the next", async () => {
    const box = await shelf(waiting("a", "2026-11-22T03:15:00Z"), waiting("b", "2026-11-22T03:16:00Z"));
    const send = async (one: Waiting) => {
      if (one.key === "a") throw new ApiError(409, "recipient_opted_out", "said STOP");
      return message({ id: "b" });
    };

    const left = await flush(box, send, () => undefined, NOW);

    expect(left).toBeNull();
    expect(await box.all()).toEqual([
      waiting("a", "2026-11-22T03:15:00Z", {
        state: "refused",
        tried: true,
        code: "recipient_opted_out",
        detail: "said STOP",
      }),
    ]);
  });

  it("gives back what nobody has tried, and a refused text, and nothing that the server may have", async () => {
    const box = await shelf(
      waiting("new", "2026-11-22T03:15:00Z"),
      waiting("tried", "2026-11-22T03:16:00Z", { tried: true }),
      waiting("refused", "2026-11-22T03:17:00Z", { tried: true, state: "refused" }),
    );

    expect([await box.takeBack("new"), await box.takeBack("tried"), await box.takeBack("refused")]).toEqual([
      true,
      false,
      true,
    ]);
    expect((await box.all()).map((one) => one.key)).toEqual(["tried"]);
  });

  it("does not send what was taken back while the texts before it went out", async () => {
    const box = await shelf(waiting("a", "2026-11-22T03:15:00Z"), waiting("b", "2026-11-22T03:16:00Z"));
    const sent: string[] = [];
    const send = async (one: Waiting) => {
      sent.push(one.key);
      await box.takeBack("b");
      return message({ id: one.key });
    };

    await flush(box, send, () => undefined, NOW);

    expect([sent, await box.all()]).toEqual([["a"], []]);
  });

  it("lets a person look at what waited longer than the server remembers its key", async () => {
    const box = await shelf(waiting("a", "2026-11-20T03:15:00Z"));
    const send = async (): Promise<Message> => {
      throw new Error("must not be sent");
    };

    await flush(box, send, () => undefined, NOW);

    expect((await box.all())[0]).toMatchObject({ state: "refused", code: "waited_too_long" });
  });

  it("takes only a definite no for a no", () => {
    const later = [
      new Unreachable(),
      new SignedOut(),
      new ApiError(503, "unavailable", ""),
      new ApiError(401, "x", ""),
    ];

    expect(later.map((error) => judged(error).kind)).toEqual(["later", "later", "later", "later"]);
    expect(judged(new ApiError(429, "cap_reached", "", 17))).toEqual({ kind: "later", seconds: 17 });
    expect(judged(new ApiError(422, "text_too_long", "x"))).toMatchObject({ kind: "refused", code: "text_too_long" });
    expect(() => judged(new TypeError("a bug"))).toThrow("a bug");
  });

  it("waits as long as it is asked to, else longer each time", () => {
    expect([pause(1, 17), pause(0, null), pause(3, null), pause(30, null)]).toEqual([17_000, 1000, 8000, 30_000]);
  });
});

describe("what the browser keeps", () => {
  it("holds drafts, and finds texts by words", async () => {
    const store = await Store.open("kept");
    await store.keepDraft({ number: NUMBER, peer: PEER }, "half a thou");
    await store.keepMessages([message({ id: "1", text: "The blue Door" }), message({ id: "2", text: "nothing" })]);

    expect([...(await store.drafts()).values()]).toEqual(["half a thou"]);
    expect((await store.find("door")).map((one) => one.id)).toEqual(["1"]);
    expect((await store.thread({ number: NUMBER, peer: PEER })).map((one) => one.id)).toEqual(["1", "2"]);
  });

  it("is empty after signing out", async () => {
    const store = await Store.open("left");
    await store.set("refresh_token", "secret");
    await store.keepMessages([message()]);
    await store.outbox.put(waiting("a", "2026-11-22T03:15:00Z"));

    await store.clear();

    expect(await store.setting("refresh_token")).toBeUndefined();
    expect([await store.find("y"), await store.outbox.all()]).toEqual([[], []]);
  });
});
