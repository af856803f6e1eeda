import { LabIcon } from "@jupyterlab/ui-components";

/** An icon of one path, in a square of 24. */
export function iconOf(name: string, path: string): LabIcon {
  return new LabIcon({
    name: `lms-jupyter:${name}`,
    svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><path class="jp-icon3 jp-icon-selectable" fill="#616161" d="${path}"/></svg>`,
  });
}

const PATHS = [
  "M7 4h10a3 3 0 0 1 3 3v10a3 3 0 0 1-3 3H7a3 3 0 0 1-3-3V7a3 3 0 0 1 3-3zm0 1.8A1.2 1.2 0 0 0 5.8 7v10A1.2 1.2 0 0 0 7 18.2h10a1.2 1.2 0 0 0 1.2-1.2V7A1.2 1.2 0 0 0 17 5.8z",
  "M8 1.5h1.8V4H8zm6.2 0H16V4h-1.8zM8 20h1.8v2.5H8zm6.2 0H16v2.5h-1.8zM1.5 8H4v1.8H1.5zm0 6.2H4V16H1.5zM20 8h2.5v1.8H20zm0 6.2h2.5V16H20z",
  "M12 7.9a4.1 4.1 0 1 1-3.9 2.83l1.62.53A2.4 2.4 0 1 0 12 9.6z",
];

/** A memory chip with a ring that runs out. */
export const icon = iconOf("models", PATHS.join(""));
