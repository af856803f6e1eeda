import { URLExt } from "@jupyterlab/coreutils";
import { ServerConnection } from "@jupyterlab/services";
import type { Problem } from "../../protocol/protocol";
import type { Try } from "../../store/trial";
import type { Socket } from "../../transport/jupyter";
import type { Station } from "../../transport/offer";
import type { Claim } from "./news";

/** What the Jupyter Server says of itself. */
export interface Hosts {
  /** Addresses from its configuration; empty is the one that is looked for. */
  hosts: readonly string[];
  /** Whether the one host is looked for, and an engine may be started. */
  discovers: boolean;
  /** What the engine lacks to run there. */
  engine_missing: readonly string[];
}

/** The panel as text, in the parts that it is built in. */
export interface PanelParts {
  script: string;
  live: string;
  style: string;
}

/** Our addresses on the Jupyter Server, below its base URL and with its rules for who may ask. */
export interface Server {
  /** Open the line to a host; it is asked every so often while it is calm and somebody looks. */
  connect(host: string, everySeconds: number): Socket;
  /** The same for the panel of a kernel: the server opens it for its own kernels, and closes it. */
  kernelFallback(station: Station, address: string): Socket;
  /** Try a prompt with an instance of a host. */
  tryPrompt(host: string): Try;
  hosts(): Promise<Hosts>;
  /** The panel, which the server keeps for every page. */
  panel(): Promise<PanelParts>;
  /** What opens in the panel, as text. */
  details(): Promise<string>;
  /** Which kernels use what of a host. */
  claims(host: string): Promise<readonly Claim[]>;
  /** Start the embedded engine; answers why not, or nothing if it runs. */
  startEngine(): Promise<Problem | null>;
}

export function jupyterServer(settings: ServerConnection.ISettings): Server {
  const request = (path: string, init: RequestInit) =>
    ServerConnection.makeRequest(URLExt.join(settings.baseUrl, "lms", path), init, settings);
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await request(path, init);
    if (!response.ok) throw new ServerConnection.ResponseError(response);
    return response.json();
  };
  const named = (host: string) => (host === "" ? {} : { host });
  const open = (query: Record<string, string>, path = "slices") => {
    const token = settings.appendToken && settings.token !== "" ? { token: settings.token } : {};
    const url = URLExt.join(settings.wsUrl, "lms", path);
    return new settings.WebSocket(url + URLExt.objectToQueryString({ ...query, ...token }));
  };
  return {
    connect: (host, every) => open({ ...named(host), every: `${every}` }),
    kernelFallback: (station, address) => open({ ...station, address }),
    tryPrompt: (host) => (trial, hear) => {
      const socket = open(named(host), "prompt");
      socket.onopen = () => socket.send(JSON.stringify(trial));
      socket.onmessage = ({ data }) => hear(JSON.parse(data));
      socket.onclose = () => hear({ ended: true });
      return () => socket.close();
    },
    hosts: () => ask("hosts"),
    // JupyterLab's requests keep nothing; of this the browser only asks whether it has changed.
    panel: () => ask("panel", { cache: "no-cache" }),
    details: async () => (await ask("panel/details", { cache: "no-cache" })).details,
    claims: async (host) => (await ask(`leases${URLExt.objectToQueryString(named(host))}`)).leases,
    async startEngine() {
      const response = await request("engine", { method: "POST" });
      if (response.ok) return null;
      const reply = await response.json();
      return reply.problem ?? { code: "server", title: reply.message, hint: "" };
    },
  };
}
