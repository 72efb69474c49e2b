/** Days and times as people say them, in the reader's own language and zone. */
import { texts } from "../texts";

const locale = globalThis.navigator?.language || "en";
const clock = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(locale, { weekday: "long" });
const shortDay = new Intl.DateTimeFormat(locale, { weekday: "short" });
const dayAndMonth = new Intl.DateTimeFormat(locale, { weekday: "short", day: "numeric", month: "long" });
const shortMonth = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" });
const withYear = new Intl.DateTimeFormat(locale, { day: "numeric", month: "long", year: "numeric" });
const numeric = new Intl.DateTimeFormat(locale, { day: "2-digit", month: "2-digit", year: "2-digit" });
const whole = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });

const midnight = (time: Date) => new Date(time.getFullYear(), time.getMonth(), time.getDate()).getTime();

/** Whole days between, by the calendar: 0 today, 1 yesterday, -1 tomorrow. */
export function daysAgo(time: Date, now: Date): number {
  return Math.round((midnight(now) - midnight(time)) / 86_400_000);
}

/** Over the first bubble of a day. */
export function dayLabel(iso: string, now = new Date()): string {
  const time = new Date(iso);
  const days = daysAgo(time, now);
  if (days === 0) return texts.today;
  if (days === 1) return texts.yesterday;
  if (days > 1 && days < 7) return weekday.format(time);
  return time.getFullYear() === now.getFullYear() ? dayAndMonth.format(time) : withYear.format(time);
}

/** In the conversation list. */
export function listTime(iso: string, now = new Date()): string {
  const time = new Date(iso);
  const days = daysAgo(time, now);
  if (days === 0) return clock.format(time);
  if (days === 1) return texts.yesterday;
  if (days > 1 && days < 7) return shortDay.format(time);
  return time.getFullYear() === now.getFullYear() ? shortMonth.format(time) : numeric.format(time);
}

export const clockTime = (iso: string) => clock.format(new Date(iso));
export const wholeTime = (iso: string) => whole.format(new Date(iso));

/** When something is to happen. */
export function futureTime(iso: string, now = new Date()): string {
  const time = new Date(iso);
  const days = daysAgo(time, now);
  if (days === 0) return `${texts.today}, ${clock.format(time)}`;
  if (days === -1) return `${texts.tomorrow}, ${clock.format(time)}`;
  return `${days > -7 && days < 0 ? weekday.format(time) : dayAndMonth.format(time)}, ${clock.format(time)}`;
}

/** The calendar day, to compare. */
export function dayKey(iso: string): string {
  const time = new Date(iso);
  return `${time.getFullYear()}-${time.getMonth()}-${time.getDate()}`;
}
