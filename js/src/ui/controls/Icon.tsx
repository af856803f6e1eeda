import { StillIcon, type StillIconName } from "./StillIcon";

/** What the live panel draws besides. */
const PATHS = {
  refresh: "M13 8a5 5 0 1 1-1.5-3.6M13 2.5v2.8h-2.8",
  eject: "M8 3.5 3.5 9h9zM3.5 12h9",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  chevron: "m4.5 6.5 3.5 3.5 3.5-3.5",
  close: "m4.5 4.5 7 7m0-7-7 7",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9Zm3.3-1.2L13.5 13.5",
  error: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 5v3.5M8 10.8v.01",
  copy: "M6 6h7v7H6zM10 3.5V3H3v7h.5",
  reset: "M4 6.5h5.5a3 3 0 0 1 0 6H7M6.5 4 4 6.5 6.5 9",
  use: "M3 8h8.5M8 4.5 11.5 8 8 11.5",
  pause: "M6 4v8M10 4v8",
  play: "M5.5 3.5v9l7-4.5z",
  download: "M8 2.5v7.5M4.5 7 8 10.5 11.5 7M3 13.5h10",
  sort: "M4.5 3v10m-2-2 2 2 2-2M9 4h4.5M9 8h3M9 12h1.5",
} as const;

type LiveIconName = keyof typeof PATHS;

/** One of all icons; see `StillIcon`. */
export function Icon({ name }: { name: StillIconName | LiveIconName }) {
  return isLive(name) ? <StillIcon name={name} path={PATHS[name]} /> : <StillIcon name={name} />;
}

function isLive(name: string): name is LiveIconName {
  return name in PATHS;
}
