import { URLExt } from "@jupyterlab/coreutils";
import { ServerConnection } from "@jupyterlab/services";
import type { Problem } from "../protocol/protocol";
import type { Socket } from "../transport/jupyter";
import type { Station } from "../transport/offer";

/** What the Jupyter Server says of itself. */
export interface Hosts {
  /** Addresses from its configuration; empty is the one that is looked for. */
  hosts: readonly string[];
  /** Whether the one host is looked for, and an engine may be started. */
  discovers: boolean;
  /** What the engine lacks to run there. */
  engine_missing: readonly string[];
}

/** Our addresses on the Jupyter Server, below its base URL and with its rules for who may ask. */
export interface Server {
  connect(host: string): Socket;
  /** The same for the panel of a kernel: the server opens it for its own kernels, and closes it. */
  standIn(station: Station, address: string): Socket;
  hosts(): Promise<Hosts>;
  /** Start the embedded engine; answers why not, or nothing if it runs. */
  startEngine(): Promise<Problem | null>;
}

export function jupyterServer(settings: ServerConnection.ISettings): Server {
  const request = (path: string, init: RequestInit) =>
    ServerConnection.makeRequest(URLExt.join(settings.baseUrl, "lms", path), init, settings);
  const open = (query: Record<string, string>) => {
    const token = settings.appendToken && settings.token !== "" ? { token: settings.token } : {};
    const url = URLExt.join(settings.wsUrl, "lms", "slices");
    return new settings.WebSocket(url + URLExt.objectToQueryString({ ...query, ...token }));
  };
  return {
    connect: (host) => open(host === "" ? {} : { host }),
    standIn: (station, address) => open({ ...station, address }),
    async hosts() {
      const response = await request("hosts", {});
      if (!response.ok) throw new ServerConnection.ResponseError(response);
      return response.json();
    },
    async startEngine() {
      const response = await request("engine", { method: "POST" });
      if (response.ok) return null;
      const reply = await response.json();
      return reply.problem ?? { code: "server", title: reply.message, hint: "" };
    },
  };
}
