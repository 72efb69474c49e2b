/** Where a text names web addresses. Only http and https become links; all else stays text. */

export type Piece = { text: string; href?: string };

const ADDRESS = /\bhttps?:\/\/[^\s<>"']+/giu;
// What ends a sentence, not an address.
const TRAILING = /[.,;:!?…»”’\])}]+$/u;

export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = balanced(match[0]);
    const href = safe(address);
    if (!href) continue;
    if (match.index > end) found.push({ text: text.slice(end, match.index) });
    found.push({ text: address, href });
    end = match.index + address.length;
  }
  if (end < text.length) found.push({ text: text.slice(end) });
  return found;
}

function balanced(address: string): string {
  const trimmed = address.replace(TRAILING, "");
  // A bracket that the address itself has opened belongs to it.
  const opened = trimmed.split("(").length - trimmed.split(")").length;
  return opened > 0 && address.startsWith(`${trimmed})`) ? `${trimmed})` : trimmed;
}

function safe(address: string): string | null {
  try {
    const url = new URL(address);
    const plain = (url.protocol === "https:" || url.protocol === "http:") && !url.username && !url.password;
    return plain && url.hostname ? url.href : null;
  } catch {
    return null; // no address after all
  }
}
