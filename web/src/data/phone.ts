/** Phone numbers as people read and write them. The library comes after the first picture. */
import { signal } from "@preact/signals";

type Library = typeof import("libphonenumber-js/min");

const library = signal<Library | null>(null);
let coming: Promise<Library> | null = null;

/** Fetch the library; without a network the numbers stay as they are. */
export function fetchLibrary(): Promise<Library> {
  coming ??= import("libphonenumber-js/min").then(
    (found) => {
      library.value = found;
      return found;
    },
    (error: unknown) => {
      coming = null;
      throw error;
    },
  );
  return coming;
}

const shown = new Map<string, string>();

/** `+61 411 111 111`; what is no E.164 as it is. */
export function readable(number: string): string {
  const known = shown.get(number);
  if (known) return known;
  if (!library.value || !/^\+[1-9]\d{6,14}$/.test(number)) return number;
  const found = library.value.parsePhoneNumberFromString(number)?.formatInternational() ?? number;
  shown.set(number, found);
  return found;
}

export type Checked = {
  verdict: "empty" | "short" | "long" | "invalid" | "odd" | "code" | "good";
  /** What to text, where it may be texted. */
  e164: string | null;
  readable: string;
  /** ISO 3166, where it is known. */
  country: string | null;
};

const nothing = (verdict: Checked["verdict"]): Checked => ({ verdict, e164: null, readable: "", country: null });

/** What somebody has typed so far; `own` is one of our numbers, whose country reads national forms. */
export function check(typed: string, own: string, lib: Library): Checked {
  const text = typed.trim().replace(/^00(?=[1-9])/, "+");
  if (!text) return nothing("empty");
  if (/[^\d\s+()./-]/.test(text)) return nothing("invalid");
  const digits = text.replace(/\D/g, "");
  const home = lib.parsePhoneNumberFromString(own)?.country;
  const number = lib.parsePhoneNumberFromString(text, home);
  if (!text.startsWith("+") && /^[1-9]\d{2,5}$/.test(digits) && !number?.isValid()) {
    return { verdict: "code", e164: digits, readable: digits, country: null };
  }
  const fault = lib.validatePhoneNumberLength(text, home);
  if (fault === "TOO_LONG") return nothing("long");
  if (fault === "TOO_SHORT" || fault === "NOT_A_NUMBER") return nothing("short");
  if (fault || !number) return nothing("invalid");
  const found = { e164: number.number, readable: number.formatInternational(), country: number.country ?? null };
  return { ...found, verdict: number.isValid() ? "good" : "odd" };
}

/** Whether a text can be sent there: E.164 or a short code, not a sender's name. */
export const isRepliable = (peer: string) => /^\+[1-9]\d{6,14}$/.test(peer) || /^\d{3,8}$/.test(peer);

const regions = (() => {
  try {
    return new Intl.DisplayNames([globalThis.navigator?.language || "en"], { type: "region" });
  } catch {
    return null; // an old browser: the code itself will do
  }
})();

export const countryName = (code: string) => regions?.of(code) ?? code;
