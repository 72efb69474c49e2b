/** Texts that the server has not taken yet. Each goes out once, under the Idempotency-Key that it was written with. */
import { ApiError, SignedOut, Unreachable } from "../api/client";
import type { Message } from "../api/types";

export type Waiting = {
  /** The Idempotency-Key. */
  key: string;
  number: string;
  peer: string;
  text: string;
  scheduleAt: string | null;
  extension: string;
  /** When it was written. */
  at: string;
  state: "waiting" | "refused";
  /** Whether it was sent to the server once, which may have taken it without our hearing of it. */
  tried: boolean;
  /** Why it was refused: a code and words. */
  code: string | null;
  detail: string | null;
};

export type Outcome =
  | { kind: "taken"; message: Message }
  | { kind: "refused"; code: string; detail: string }
  | { kind: "later"; seconds: number | null };

/** What an answer to a send means. Only a definite no is one; with anything else the same key is tried again. */
export function judged(error: unknown): Outcome {
  if (error instanceof Unreachable || error instanceof SignedOut) return { kind: "later", seconds: null };
  if (error instanceof ApiError) {
    const passing = error.status >= 500 || error.status === 429 || error.status === 401 || error.status === 408;
    if (passing) return { kind: "later", seconds: error.retryAfter };
    return { kind: "refused", code: error.code, detail: error.detail };
  }
  throw error;
}

/** How long to wait before the next try, in ms. */
export function pause(failures: number, asked: number | null): number {
  return asked ? asked * 1000 : Math.min(30_000, 1000 * 2 ** Math.min(failures, 5));
}

export interface Shelf {
  all(): Promise<Waiting[]>;
  put(one: Waiting): Promise<void>;
  /** Note that a text is tried now. Undefined when somebody has taken it back. */
  claim(key: string): Promise<Waiting | undefined>;
  remove(key: string): Promise<void>;
  /** Remove a text that the server cannot have taken; whether it was one. */
  takeBack(key: string): Promise<boolean>;
}

/** The server remembers a key for a day at least; what waited longer, a person looks at first. */
const KEY_LIVES = 23 * 3_600_000;

export type Taken = (waiting: Waiting, message: Message) => void | Promise<void>;

/** One pass over what waits, in the order of writing. Returns null when nothing is left to try, else when to try again. */
export async function flush(
  shelf: Shelf,
  send: (one: Waiting) => Promise<Message>,
  taken: Taken,
  now = Date.now(),
): Promise<{ seconds: number | null } | null> {
  const waiting = (await shelf.all()).filter((one) => one.state === "waiting").sort((a, b) => (a.at < b.at ? -1 : 1));
  for (const found of waiting) {
    if (now - Date.parse(found.at) > KEY_LIVES) {
      await shelf.put({ ...found, state: "refused", code: "waited_too_long", detail: "" });
      continue;
    }
    const one = await shelf.claim(found.key);
    if (!one) continue;
    let outcome: Outcome;
    try {
      outcome = { kind: "taken", message: await send(one) };
    } catch (error) {
      outcome = judged(error);
    }
    if (outcome.kind === "later") return { seconds: outcome.seconds };
    if (outcome.kind === "refused") {
      await shelf.put({ ...one, state: "refused", code: outcome.code, detail: outcome.detail });
    } else {
      await taken(one, outcome.message);
      await shelf.remove(one.key);
    }
  }
  return null;
}
