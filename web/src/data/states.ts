/** What has become of a text, in words that tell the truth. */
import type { Message, State } from "../api/types";
import { texts } from "../texts";
import { futureTime } from "./days";

export type Tone = "quiet" | "wait" | "bad" | "good";
export type Mark = "clock" | "one" | "two" | "question" | "alert" | "none";

export type Words = {
  words: string;
  tone: Tone;
  mark: Mark;
  /** Whether the words stand under the bubble always, not only under the last one. */
  loud: boolean;
};

const PLAIN: Record<State, Omit<Words, "words">> = {
  received: { tone: "quiet", mark: "none", loud: false },
  scheduled: { tone: "wait", mark: "clock", loud: true },
  queued: { tone: "quiet", mark: "clock", loud: false },
  sending: { tone: "quiet", mark: "clock", loud: false },
  sent: { tone: "quiet", mark: "one", loud: false },
  delivered: { tone: "good", mark: "two", loud: false },
  undelivered: { tone: "bad", mark: "alert", loud: true },
  rejected: { tone: "bad", mark: "alert", loud: true },
  cancelled: { tone: "quiet", mark: "none", loud: true },
  expired: { tone: "bad", mark: "alert", loud: true },
  unknown: { tone: "wait", mark: "question", loud: true },
  unresolved: { tone: "wait", mark: "question", loud: true },
};

export function words(message: Pick<Message, "state" | "reason" | "scheduled_at">): Words {
  const plain = PLAIN[message.state] ?? PLAIN.sent;
  const said = texts.states[message.state] ?? message.state;
  const why = message.reason && message.state !== "sent" && message.state !== "delivered" ? reason(message.reason) : "";
  if (message.state === "scheduled" && message.scheduled_at) {
    return { ...plain, words: `${said} ${futureTime(message.scheduled_at)}` };
  }
  if (message.state === "queued" && why) return { ...plain, loud: true, tone: "wait", words: `${said}: ${why}` };
  if (plain.tone === "bad" && why) return { ...plain, words: `${said}: ${why}` };
  return { ...plain, words: said };
}

/** A reason code in plain words; a code that nobody has put into words yet as it is. */
export function reason(code: string): string {
  return texts.reasons[code] ?? code;
}

const RESENDABLE: ReadonlySet<State> = new Set<State>(["rejected", "undelivered", "unresolved"]);
const CANCELLABLE: ReadonlySet<State> = new Set<State>(["queued", "scheduled"]);

export const mayResend = (message: Message) => RESENDABLE.has(message.state) && !message.resent_as;
export const mayCancel = (message: Message) => message.direction === "outbound" && CANCELLABLE.has(message.state);
/** Neither on its way nor possibly arrived: its words may be written again without a doubt. */
export const mayWriteAgain = (message: Message) => message.state === "expired" || message.state === "cancelled";
