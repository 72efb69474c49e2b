/** The icons: 24 × 24, drawn with one stroke. They say nothing to screen readers; what they stand for is in words. */

const PATHS = {
  messages: "M4 5h16a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1h-8l-5 4v-4H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1Z",
  admin:
    "M4 7h10m4 0h2M4 17h2m4 0h10M16 4.8a2.2 2.2 0 1 1 0 4.4 2.2 2.2 0 0 1 0-4.4ZM8 14.8a2.2 2.2 0 1 1 0 4.4 2.2 2.2 0 0 1 0-4.4Z",
  settings: "M12 12.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.5 20.5c.8-3.4 3.800-5 7.500-5s6.700 1.600 7.500 5",
  back: "M15 5l-7 7 7 7",
  plus: "M12 5v14M5 12h14",
  pen: "M4 20l1-4L16.500 4.500a1.800 1.800 0 0 1 2.600 0l.4.4a1.800 1.800 0 0 1 0 2.600L8 19l-4 1ZM14.500 6.500l3 3",
  search: "M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13ZM15.500 15.500 20 20",
  close: "M6 6l12 12M18 6 6 18",
  send: "M12 19V5M5.500 11.500 12 5l6.500 6.500",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7v5.500l3.500 2",
  one: "M5 12.500l4.500 4.500L19 7.500",
  two: "M1.500 12.500 6 17l9-9.500M10.500 15.500 12 17l9.500-9.500",
  alert: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7.500v5.500M12 16.300v.2",
  question:
    "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM9.700 9.500a2.400 2.400 0 1 1 3.400 2.300c-.8.4-1.100.9-1.100 1.700M12 16.500v.2",
  down: "M12 5v14M5.500 12.500 12 19l6.500-6.500",
  info: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 11v5.500M12 7.500v.2",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM5 20c.8-3.400 3.500-5 7-5s6.200 1.600 7 5",
  check: "M5 12.500l4.500 4.500L19 7.500",
  none: "",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 24 }: { name: IconName; size?: number }) {
  return (
    <svg
      class="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The app's mark: two bubbles, one answering the other. */
export function Logo({ size = 56 }: { size?: number }) {
  return (
    <svg class="logo" width={size} height={size} viewBox="0 0 64 64" aria-hidden="true">
      <rect class="logo-ground" width="64" height="64" rx="16" />
      <path
        class="logo-back"
        d="M18 14h19a6 6 0 0 1 6 6v7a6 6 0 0 1-6 6H24l-7 6v-6.500a6 6 0 0 1-5-5.900V20a6 6 0 0 1 6-6Z"
      />
      <path
        class="logo-front"
        d="M29 27h17a6 6 0 0 1 6 6v6a6 6 0 0 1-5 5.900V51l-7-6H29a6 6 0 0 1-6-6v-6a6 6 0 0 1 6-6Z"
      />
    </svg>
  );
}
