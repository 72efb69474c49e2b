import type { ApiEvent, Conversation, Message } from "../src/api/types.ts";
import { emptyConversation } from "../src/data/events.ts";

export const NUMBER = "+61411111111";
export const PEER = "+61422222222";

export function message(changes: Partial<Message> = {}): Message {
  return {
    id: "m1",
    number: NUMBER,
    peer: PEER,
    direction: "outbound",
    text: "Yes, until five.",
    state: "sent",
    reason: null,
    sent_at: "2026-11-22T03:15:00.000Z",
    received_at: "2026-11-22T03:15:00.000Z",
    changed_at: "2026-11-22T03:15:00.000Z",
    author: "101",
    scheduled_at: null,
    valid_until: null,
    sender_id: null,
    segments: 1,
    resend_of: null,
    resent_as: null,
    ...changes,
  };
}

export function conversation(changes: Partial<Conversation> = {}): Conversation {
  return { ...emptyConversation({ number: NUMBER, peer: PEER }), ...changes };
}

export function event(changes: Partial<ApiEvent> = {}, data: Record<string, unknown> = {}): ApiEvent {
  return {
    specversion: "1.0",
    id: "m1.received",
    source: "/textension/accounts/main",
    type: "message.received",
    subject: "m1",
    time: "2026-11-22T03:15:01.000Z",
    datacontenttype: "application/json",
    ...changes,
    data: {
      message_id: "m1",
      account: "main",
      number: NUMBER,
      peer: PEER,
      extensions: ["101"],
      direction: "inbound",
      state: "received",
      text: "Are you open?",
      sent_at: "2026-11-22T03:15:00.000Z",
      received_at: "2026-11-22T03:15:00.500Z",
      ...data,
    },
  };
}
