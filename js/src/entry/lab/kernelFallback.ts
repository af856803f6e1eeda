import { after } from "../../transport/after";
import { jupyterLine } from "../../transport/jupyter";
import { withKernelFallback } from "../../transport/kernelFallback";
import type { KernelFallback } from "../../transport/offer";
import type { Server } from "./server";

/** Stand in for kernels, where our extension on the Jupyter Server answers. */
export function kernelFallbackAt(server: Server): KernelFallback {
  let there: Promise<unknown> | null = null;
  return (kernel, station) =>
    withKernelFallback(kernel, (address) => {
      there ??= server.hosts();
      return after(
        there,
        jupyterLine(() => server.kernelFallback(station, address)),
      );
    });
}
