import { LabIcon } from "@jupyterlab/ui-components";

/** A memory chip with a ring that runs out. */
export const icon = new LabIcon({
  name: "lms-jupyter:models",
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3 jp-icon-selectable" fill="#616161">
    <path d="M7 4h10a3 3 0 0 1 3 3v10a3 3 0 0 1-3 3H7a3 3 0 0 1-3-3V7a3 3 0 0 1 3-3zm0 1.8A1.2 1.2 0 0 0 5.8 7v10A1.2 1.2 0 0 0 7 18.2h10a1.2 1.2 0 0 0 1.2-1.2V7A1.2 1.2 0 0 0 17 5.8z"/>
    <path d="M8 1.5h1.8V4H8zm6.200 0H16V4h-1.800zM8 20h1.8v2.5H8zm6.200 0H16v2.5h-1.800zM1.500 8H4v1.800H1.500zm0 6.200H4V16H1.500zM20 8h2.500v1.800H20zm0 6.200h2.500V16H20z"/>
    <path d="M12 7.900a4.100 4.100 0 1 1-3.900 2.830l1.620.53A2.400 2.400 0 1 0 12 9.600z"/>
  </g>
</svg>`,
});
