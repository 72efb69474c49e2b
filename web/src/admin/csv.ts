/** Numbers as CSV: one line each, lists between spaces, commas or semicolons in their field. */
import type { AdminNumber } from "../api/types";
import { texts } from "../texts";

export const COLUMNS = ["number", "label", "extensions", "emails", "enabled"] as const;

/** Spreadsheets take what begins so for a formula; a quote before it keeps it a text. E.164's plus is our own. */
const FORMULA = /^[=@\t\r-]|^\+(?!\d+$)/;

function field(value: string): string {
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return /[",;\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function write(numbers: readonly AdminNumber[]): string {
  const lines = numbers.map((one) =>
    [one.number, one.label, one.extensions.join(" "), one.emails.join(" "), one.enabled ? "yes" : "no"]
      .map(field)
      .join(","),
  );
  return `${[COLUMNS.join(","), ...lines].join("\r\n")}\r\n`;
}

/** RFC 4180, with commas or semicolons between fields, as spreadsheets of different countries write it. */
export function parse(text: string): string[][] {
  const source = text.replace(/^\uFEFF/, "");
  const separator = (source.split("\n", 1)[0] ?? "").includes(";") ? ";" : ",";
  const rows: string[][] = [];
  let [row, value, quoted] = [[] as string[], "", false];
  const endField = () => {
    row.push(value);
    value = "";
  };
  const endRow = () => {
    endField();
    if (row.some((one) => one.trim())) rows.push(row);
    row = [];
  };
  for (let at = 0; at < source.length; at += 1) {
    const character = source[at];
    if (quoted) {
      if (character !== '"') value += character;
      else if (source[at + 1] === '"') {
        value += '"';
        at += 1;
      } else quoted = false;
    } else if (character === '"' && value === "") quoted = true;
    else if (character === separator) endField();
    else if (character === "\n") endRow();
    else if (character !== "\r") value += character;
  }
  if (value || row.length) endRow();
  return rows;
}

export type Read = { numbers: AdminNumber[]; faults: { line: number; words: string }[] };

export const listed = (value: string) => value.split(/[\s,;]+/).filter(Boolean);

const YES = new Set(["", "yes", "true", "1", "y"]);
const NO = new Set(["no", "false", "0", "n"]);

/** The numbers of a file, and what is wrong with which line. */
export function read(text: string): Read {
  const [head, ...rows] = parse(text);
  const names = (head ?? []).map((name) => name.trim().toLowerCase());
  if (!names.includes("number") || !names.includes("extensions")) {
    return { numbers: [], faults: [{ line: 1, words: texts.adm.csvHeader }] };
  }
  const found: Read = { numbers: [], faults: [] };
  for (const [index, row] of rows.entries()) {
    const get = (name: string) => (row[names.indexOf(name)] ?? "").trim().replace(/^'(?=[=@+-])/, "");
    const number = get("number").replace(/[\s().-]/g, "");
    const enabled = get("enabled").toLowerCase();
    const fault = wrong(number, listed(get("extensions")), enabled);
    if (fault) found.faults.push({ line: index + 2, words: fault });
    else {
      found.numbers.push({
        number,
        label: get("label"),
        extensions: listed(get("extensions")),
        emails: listed(get("emails")),
        enabled: YES.has(enabled),
      });
    }
  }
  return found;
}

function wrong(number: string, extensions: readonly string[], enabled: string): string | null {
  if (!/^\+[1-9]\d{6,14}$/.test(number)) return texts.refusals["number_invalid"] ?? "";
  if (extensions.length === 0) return `${texts.adm.extensions}: ${texts.checkNumber.empty}`.replace(/:.*/, "?");
  return YES.has(enabled) || NO.has(enabled) ? null : `${texts.adm.enabled}: yes / no`;
}
