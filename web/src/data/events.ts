/** What an event means for what is shown. Events may come twice and in any order. */
import type { ApiEvent, Conversation, Message, State } from "../api/types";

const REMEMBERED = 2000;

/** The ids of events that were taken in; the oldest are forgotten. */
export class Seen {
  private readonly ids = new Set<string>();

  /** Whether this is the first time. */
  first(id: string): boolean {
    if (this.ids.has(id)) return false;
    this.ids.add(id);
    if (this.ids.size > REMEMBERED) {
      const [oldest] = this.ids;
      if (oldest !== undefined) this.ids.delete(oldest);
    }
    return true;
  }
}

const text = (value: unknown) => (typeof value === "string" ? value : "");
const maybe = (value: unknown) => (typeof value === "string" ? value : null);

/** The message that an event tells of; what an event does not say is kept of `known`. */
export function messageOf(event: ApiEvent, known: Message | undefined): Message {
  const data = event.data as Record<string, unknown>;
  return {
    id: text(data["message_id"]),
    number: text(data["number"]),
    peer: text(data["peer"]),
    direction: data["direction"] === "inbound" ? "inbound" : "outbound",
    text: text(data["text"]),
    state: text(data["state"]) as State,
    reason: maybe(data["reason"]),
    sent_at: text(data["sent_at"]),
    received_at: text(data["received_at"]),
    changed_at: event.time,
    author: maybe(data["author"]),
    scheduled_at: maybe(data["scheduled_at"]),
    valid_until: known?.valid_until ?? null,
    sender_id: known?.sender_id ?? null,
    segments: known?.segments ?? null,
    resend_of: maybe(data["resend_of"]),
    resent_as: known?.resent_as ?? null,
  };
}

/** A conversation after one of its messages came or changed. `fresh` is whether the message was not known before. */
export function touched(conversation: Conversation, message: Message, fresh: boolean): Conversation {
  const inbound = message.direction === "inbound";
  const counts = inbound && fresh && !conversation.blocked && message.id !== conversation.last_message_id;
  const unread = conversation.unread + (counts ? 1 : 0);
  const newer = !conversation.last_at || message.sent_at >= conversation.last_at;
  if (!newer) return unread === conversation.unread ? conversation : { ...conversation, unread };
  return {
    ...conversation,
    unread,
    last_text: message.text,
    last_direction: message.direction,
    last_message_id: message.id,
    last_at: message.sent_at,
  };
}

/** The newest first; those without any text last. */
export function byNewest(one: Conversation, other: Conversation): number {
  const [a, b] = [one.last_at ?? "", other.last_at ?? ""];
  if (a !== b) return a < b ? 1 : -1;
  return keyOf(one) < keyOf(other) ? -1 : 1;
}

export type Place = { number: string; peer: string };

export const keyOf = (place: Place) => `${place.number} ${place.peer}`;

export const emptyConversation = ({ number, peer }: Place): Conversation => ({
  number,
  peer,
  contact_name: null,
  last_text: "",
  last_direction: null,
  last_message_id: null,
  last_at: null,
  unread: 0,
  opted_out: false,
  blocked: false,
});
