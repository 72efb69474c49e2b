/** Where in the app one is, in the address's fragment: no server has to know these paths. */
import { signal } from "@preact/signals";
import type { Place } from "./data/events";

export type Route =
  | { page: "messages"; place: Place | null }
  | { page: "new" }
  | { page: "settings" }
  | { page: "admin"; section: string };

export function parse(hash: string): Route {
  const [page, ...rest] = hash.replace(/^#?\/?/, "").split("/");
  const [first, second] = rest.map(decoded);
  if (page === "c" && first && second) return { page: "messages", place: { number: first, peer: second } };
  if (page === "new") return { page: "new" };
  if (page === "settings") return { page: "settings" };
  if (page === "admin") return { page: "admin", section: first || "numbers" };
  return { page: "messages", place: null };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // typed by hand
  }
}

export const hrefs = {
  messages: "#/",
  conversation: ({ number, peer }: Place) => `#/c/${encodeURIComponent(number)}/${encodeURIComponent(peer)}`,
  new: "#/new",
  settings: "#/settings",
  admin: (section = "numbers") => `#/admin/${section}`,
};

export const route = signal<Route>(parse(globalThis.location?.hash ?? ""));

export function follow(): void {
  window.addEventListener("hashchange", () => {
    route.value = parse(location.hash);
  });
}

export function go(href: string): void {
  location.hash = href;
}
