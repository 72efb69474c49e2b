/** Times to send a text at. */

const LATEST = 90 * 86_400_000;

export function inAnHour(now: Date): Date {
  const time = new Date(now.getTime() + 3_600_000);
  time.setSeconds(0, 0);
  return time;
}

export function tomorrowMorning(now: Date): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, 9);
}

/** The next Monday that is not today. */
export function nextMonday(now: Date): Date {
  const days = (8 - now.getDay()) % 7 || 7;
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, 9);
}

/** As `<input type=datetime-local>` has it, in the reader's zone. */
export function localInput(time: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day}T${two(time.getHours())}:${two(time.getMinutes())}`;
}

/** The time of such an input; null where it is none, or none to send at. */
export function sendable(value: string, now: Date): Date | null {
  const time = new Date(value);
  const wait = time.getTime() - now.getTime();
  return wait > 0 && wait < LATEST ? time : null;
}
