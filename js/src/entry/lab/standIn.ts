import { after } from "../../transport/after";
import { jupyterLine } from "../../transport/jupyter";
import type { StandIn } from "../../transport/offer";
import { withStandIn } from "../../transport/standIn";
import type { Server } from "./server";

/** Stand in for kernels, where our extension on the Jupyter Server answers. */
export function standInAt(server: Server): StandIn {
  let there: Promise<unknown> | null = null;
  return (kernel, station) =>
    withStandIn(kernel, (address) => {
      there ??= server.hosts();
      return after(
        there,
        jupyterLine(() => server.standIn(station, address)),
      );
    });
}
