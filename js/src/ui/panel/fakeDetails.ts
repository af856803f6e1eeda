import { InstanceDetails } from "../instances/InstanceDetails";
import { LoadForm } from "../loadForm/LoadForm";
import { GetForm } from "../models/GetForm";
import { ModelMore } from "../models/ModelMore";
import { HostDetails } from "./HostDetails";
import { KeyHelp } from "./KeyHelp";
import { TimelineStrips } from "./TimelineStrips";

/** What opens in a panel, for tests: here at once. */
export const details = async () => ({
  InstanceDetails,
  LoadForm,
  GetForm,
  HostDetails,
  ModelMore,
  KeyHelp,
  TimelineStrips,
});
