import type { Transport } from "./transport";

/** Which kernel a panel belongs to, as Python says it. */
export interface Station {
  kernel: string;
  machine: string;
}

/** Puts a way around a busy kernel beside the way to it. */
export type KernelFallback = (kernel: Transport, station: Station) => Transport;

/**
 * Where a page keeps its offer. Panels come with the kernel's package, the offer with JupyterLab's:
 * the number changes with what the two say to each other.
 */
const PLACE = Symbol.for("lms-jupyter:stand-in:1");

type Page = typeof globalThis & { [PLACE]?: KernelFallback };

/** Offer to stand in for the kernels of all panels on this page. */
export function offerKernelFallback(kernelFallback: KernelFallback, page: Page = globalThis): void {
  page[PLACE] = kernelFallback;
}

/** The way to a kernel, with what the page offers to put beside it. */
export function besideKernel(
  kernel: Transport,
  station: unknown,
  page: Page = globalThis,
): Transport {
  const known = station as Partial<Station> | null | undefined;
  return known?.kernel ? (page[PLACE]?.(kernel, known as Station) ?? kernel) : kernel;
}
