import type { ReactElement } from "react";

const paths = {
  bell: "M6 8a4 4 0 0 1 8 0c0 4 1.5 5 1.5 5h-11S6 12 6 8M8.5 16a1.6 1.6 0 0 0 3 0",
  rules: "M5 5.5h10M5 10h10M5 14.5h6",
  block: "M10 3.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M5.4 5.4l9.2 9.2",
  record: "M10 3.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M10 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4",
  sensor: "M10 12v4M6.5 13.5a5 5 0 1 1 7 0M4.2 15.5a8 8 0 1 1 11.6 0M10 10h.01",
  inventory: "M4 4.5h5v5H4zM11 4.5h5v5h-5zM4 11.5h5v4H4zM11 11.5h5v4h-5z",
  settings: "M4 6h7M15 6h1M4 14h1M9 14h7M13 4v4M7 12v4",
  search: "M9 14A5 5 0 1 0 9 4a5 5 0 0 0 0 10M13 13l3.5 3.5",
  plus: "M10 5v10M5 10h10",
  close: "M5.5 5.5l9 9M14.5 5.5l-9 9",
  check: "M4.5 10.5l3.5 3.5 7.5-8",
  copy: "M7.5 7.5h8v8h-8zM12.5 7.5v-3h-8v8h3",
  up: "M5 12.5l5-5 5 5",
  down: "M5 7.5l5 5 5-5",
  right: "M7.5 5l5 5-5 5",
  out: "M8 4.5H4.5v11H8M12 6.5l3.5 3.5-3.5 3.5M15 10H8",
  external: "M11 4.5h4.5V9M15.5 4.5l-7 7M8 5.5H4.5v10h10V12",
  keyboard: "M3 6h14v8.5H3zM6 9h.01M9 9h.01M12 9h.01M14.5 9h.01M7 12h6",
  sun: "M10 13a3 3 0 1 0 0-6 3 3 0 0 0 0 6M10 3v1.5M10 15.5V17M3 10h1.5M15.5 10H17M5 5l1 1M14 14l1 1M15 5l-1 1M6 14l-1 1",
  link: "M8.5 11.5l3-3M9 6l1.5-1.5a3.2 3.2 0 0 1 4.5 4.5L13.5 10.5M11 14l-1.5 1.5A3.2 3.2 0 0 1 5 11L6.5 9.5",
  warning: "M10 4l7 12H3zM10 8.5v3.5M10 14h.01",
  send: "M3.5 10.5L16.5 4l-4 12.5-3-5zM9.5 11.5l7-7.5",
} as const;
export type IconName = keyof typeof paths;

/** A line drawing of 20 units, in the colour of the text; it says nothing to a screen reader. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }): ReactElement {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.6}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={paths[name]} />
    </svg>
  );
}

/** The watchtower. */
export function Beacon({ size = 22 }: { size?: number }): ReactElement {
  return (
    <svg
      className="beacon"
      width={(size * 20) / 22}
      height={size}
      viewBox="0 0 20 22"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.8}
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d="M6 9h8l1.6 12H4.4zM4.5 9h11M7 9V5.5h6V9M10 5.5V3" />
      <circle cx="10" cy="2" r="1.1" fill="currentColor" stroke="none" />
    </svg>
  );
}
