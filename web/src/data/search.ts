/** Whether a conversation is one that somebody looks for: by name, by number in any writing, by its last text. */
import type { Conversation } from "../api/types";

type Searched = Pick<Conversation, "contact_name" | "peer" | "number" | "last_text">;

export function matches(one: Searched, words: string): boolean {
  if (!words) return true;
  const wanted = words.toLocaleLowerCase();
  const digits = /^[\d\s+().-]+$/.test(words) ? words.replace(/\D/g, "").replace(/^0+/, "") : "";
  return (
    (one.contact_name ?? "").toLocaleLowerCase().includes(wanted) ||
    one.peer.toLocaleLowerCase().includes(wanted) ||
    one.last_text.toLocaleLowerCase().includes(wanted) ||
    (digits.length > 1 && one.peer.includes(digits))
  );
}
