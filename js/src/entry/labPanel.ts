import { mount } from "../ui/mount";
import { addStyle } from "./labStyle";

/** The panel's style sheet; the build puts it here. */
declare const PANEL_CSS: string;

addStyle(PANEL_CSS);

export { mount };
