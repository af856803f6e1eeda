import { mount } from "../ui/mount";

/** The panel's style sheet as text; the build puts it here, so that it comes with the panel. */
declare const PANEL_CSS: string;

const style = document.createElement("style");
style.textContent = PANEL_CSS;
document.head.append(style);

export { mount };
