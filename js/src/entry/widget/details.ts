/** The third part of the panel: what opens in it, which comes with its first use. */
export { InstanceDetails } from "../../ui/instances/InstanceDetails";
export { LoadForm } from "../../ui/loadForm/LoadForm";
export { GetForm } from "../../ui/models/GetForm";
export { ModelMore } from "../../ui/models/ModelMore";
export { HostDetails } from "../../ui/panel/HostDetails";
export { KeyHelp } from "../../ui/panel/KeyHelp";
export { TimelineStrips } from "../../ui/panel/TimelineStrips";
