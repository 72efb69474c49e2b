const LONGEST = 30_000;

/** How long to wait before another try, in ms: longer each time, and not all clients at once. */
export function backoff(failures: number, random: number): number {
  return Math.min(LONGEST, 500 * 2 ** failures) * (0.5 + random / 2);
}
