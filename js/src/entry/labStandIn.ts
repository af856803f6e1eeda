import { jupyterLine } from "../transport/jupyter";
import type { StandIn } from "../transport/offer";
import { withStandIn } from "../transport/standIn";
import type { Transport } from "../transport/transport";
import type { Server } from "./labServer";

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

/** The same line, opened once something has turned out well. */
function after(ready: Promise<unknown>, line: Transport): Transport {
  return {
    ...line,
    open(listener) {
      let close = () => {};
      let left = false;
      ready.then(
        () => {
          if (!left) close = line.open(listener);
        },
        () => {},
      );
      return () => {
        left = true;
        close();
      };
    },
  };
}
