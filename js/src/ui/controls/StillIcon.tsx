/** What a still picture draws too: these come with every saved notebook. */
const PATHS = {
  warning: "M8 2.8 14 13H2zM8 6.8v2.7M8 11.3v.01",
  check: "m3.5 8.5 3 3 6-7",
  pin: "M6 2.5h4l-.5 4L12 9H4l2.5-2.5zM8 9v4.5",
  infinity:
    "M8 8C6.5 5.8 5.6 5 4.3 5a3 3 0 0 0 0 6c1.3 0 2.2-.8 3.7-3s2.4-3 3.7-3a3 3 0 0 1 0 6C10.4 11 9.5 10.2 8 8Z",
  offline: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM4 12l8-8",
  hourglass:
    "M4.5 2.5h7M4.5 13.5h7M5.5 2.5c0 3 2.5 4 2.5 5.5s-2.5 2.5-2.5 5.5M10.5 2.5c0 3-2.5 4-2.5 5.5s2.5 2.5 2.5 5.5",
} as const;

export type StillIconName = keyof typeof PATHS;

type Props = { name: StillIconName; path?: never } | { name: string; path: string };

/**
 * A drawing on a 16 px grid in 1.5 px strokes, as JupyterLab's own, beside a word or within a named
 * button: hidden from screen readers.
 */
export function StillIcon({ name, path }: Props) {
  return (
    <svg
      class={`lms-Icon lms-Icon-${name}`}
      viewBox="0 0 16 16"
      aria-hidden="true"
      focusable="false"
    >
      <path d={path ?? PATHS[name as StillIconName]} />
    </svg>
  );
}
