/** Errors in words, and the names of people. */
import { ApiError, SignedOut, Unreachable } from "../api/client";
import type { Conversation } from "../api/types";
import { readable } from "../data/phone";
import { refusal, texts } from "../texts";

/** What went wrong, for a person; a bug is thrown on, so that it comes to light. */
export function inWords(error: unknown): string {
  if (error instanceof ApiError) return refusal(error.code, error.detail);
  if (error instanceof Unreachable) return texts.unreachable;
  if (error instanceof SignedOut) return texts.ended;
  throw error;
}

export const nameOf = (one: Pick<Conversation, "contact_name" | "peer">) => one.contact_name || readable(one.peer);
