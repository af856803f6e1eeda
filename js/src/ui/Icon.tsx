/** Icons on a 16 px grid, 1.5 px strokes: they sit beside JupyterLab's own. */
const PATHS = {
  refresh: "M13 8a5 5 0 1 1-1.5-3.6M13 2.5v2.8h-2.8",
  eject: "M8 3.5 3.5 9h9zM3.5 12h9",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  chevron: "m4.5 6.5 3.5 3.5 3.5-3.5",
  close: "m4.5 4.5 7 7m0-7-7 7",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9Zm3.3-1.2L13.5 13.5",
  warning: "M8 2.8 14 13H2zM8 6.8v2.7M8 11.3v.01",
  error: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 5v3.5M8 10.8v.01",
  check: "m3.5 8.5 3 3 6-7",
  copy: "M6 6h7v7H6zM10 3.5V3H3v7h.5",
  reset: "M4 6.5h5.5a3 3 0 0 1 0 6H7M6.5 4 4 6.5 6.5 9",
  pin: "M6 2.5h4l-.5 4L12 9H4l2.5-2.5zM8 9v4.5",
  infinity:
    "M8 8C6.5 5.8 5.6 5 4.3 5a3 3 0 0 0 0 6c1.3 0 2.2-.8 3.7-3s2.4-3 3.7-3a3 3 0 0 1 0 6C10.4 11 9.5 10.2 8 8Z",
  use: "M3 8h8.5M8 4.5 11.5 8 8 11.5",
  pause: "M6 4v8M10 4v8",
  play: "M5.5 3.5v9l7-4.5z",
  offline: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM4 12l8-8",
  hourglass:
    "M4.5 2.5h7M4.5 13.5h7M5.5 2.5c0 3 2.5 4 2.5 5.5s-2.5 2.5-2.5 5.5M10.5 2.5c0 3-2.5 4-2.5 5.5s2.5 2.5 2.5 5.5",
} as const;

export type IconName = keyof typeof PATHS;

type Props = { name: IconName; path?: never } | { name: string; path: string };

/**
 * A drawing beside a word or within a named button: hidden from screen readers.
 *
 * What one place alone draws brings its path along: the others come with every saved notebook.
 */
export function Icon({ name, path }: Props) {
  return (
    <svg
      class={`lms-Icon lms-Icon-${name}`}
      viewBox="0 0 16 16"
      aria-hidden="true"
      focusable="false"
    >
      <path d={path ?? PATHS[name as IconName]} />
    </svg>
  );
}
