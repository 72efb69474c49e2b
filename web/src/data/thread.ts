/** A thread as rows: bubbles in order, days between them, and which bubbles belong together. */
import type { Message } from "../api/types";
import { dayKey } from "./days";
import type { Waiting } from "./outbox";

const TOGETHER = 4 * 60_000;

export type Row =
  | { kind: "day"; key: string; iso: string }
  | { kind: "message"; key: string; message: Message; first: boolean; last: boolean }
  | { kind: "waiting"; key: string; waiting: Waiting; first: boolean; last: boolean };

/** In the order of the thread: by when they were sent, then by id. */
export function inOrder(one: Message, other: Message): number {
  if (one.sent_at !== other.sent_at) return one.sent_at < other.sent_at ? -1 : 1;
  return one.id < other.id ? -1 : one.id > other.id ? 1 : 0;
}

/** The messages with the newer ones put in. What is the same by id is replaced by what changed later. */
export function merged(messages: readonly Message[], found: readonly Message[]): Message[] {
  const byId = new Map(messages.map((message) => [message.id, message]));
  for (const message of found) {
    const known = byId.get(message.id);
    if (!known || known.changed_at <= message.changed_at) byId.set(message.id, message);
  }
  return [...byId.values()].sort(inOrder);
}

type Bubble = { at: string; side: string };

/** The rows of a thread; what still waits for the network comes last. */
export function rows(messages: readonly Message[], waiting: readonly Waiting[]): Row[] {
  const found: Row[] = [];
  let before: Bubble | null = null;
  let day = "";
  const put = (bubble: Bubble, row: (first: boolean) => Row) => {
    const today = dayKey(bubble.at);
    if (today !== day) found.push({ kind: "day", key: `day ${today}`, iso: bubble.at });
    const first =
      today !== day ||
      before === null ||
      before.side !== bubble.side ||
      Date.parse(bubble.at) - Date.parse(before.at) > TOGETHER;
    const previous = found.at(-1);
    if (first && previous && previous.kind !== "day") previous.last = true;
    found.push(row(first));
    day = today;
    before = bubble;
  };
  for (const message of messages) {
    const side = message.direction === "inbound" ? "in" : `out ${message.author ?? ""}`;
    put({ at: message.sent_at, side }, (first) => ({ kind: "message", key: message.id, message, first, last: false }));
  }
  for (const one of waiting) {
    put({ at: one.at, side: `out ${one.extension}` }, (first) => ({
      kind: "waiting",
      key: one.key,
      waiting: one,
      first,
      last: false,
    }));
  }
  markLast(found);
  return found;
}

function markLast(found: Row[]): void {
  for (const [index, row] of found.entries()) {
    const next = found[index + 1];
    if (row.kind !== "day" && (!next || next.kind === "day")) row.last = true;
  }
}
