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
  /** Those that the user has given names, where the configuration lets them be changed. */
  named: readonly string[];
  may_name: boolean;
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

/** A host that is to be in the user's list. */
export interface NewHost {
  name: string;
  address: string;
  /** Empty where it wants none. */
  token: string;
}

/** Who assistants of the Jupyter Server talk to from now on. */
export interface Assisted {
  address: string;
  models: readonly string[];
}

/** Where models lie; what the file browser calls that, and whether the desktop shows it. */
export interface Folder {
  path: string;
  inside: string | null;
  opened: boolean;
}

/** What was asked for, or why there is nothing. */
export type Answer<Value> = Value | { problem: Problem };

/** Our addresses on the Jupyter Server, below its base URL and with its rules for who may ask. */
export interface Server {
  /** Open the line to a host; it is asked every so often while it is calm and somebody looks. */
  connect(host: string, everySeconds: number): Socket;
  /** The same for the panel of a kernel: the server opens it for its own kernels, and closes it. */
  kernelFallback(station: Station, address: string): Socket;
  /** Try a prompt with an instance of a host. */
  tryPrompt(host: string): Try;
  hosts(): Promise<Hosts>;
  /** Change the user's list of hosts; answers the list as it is then. */
  addHost(host: NewHost): Promise<Answer<Hosts>>;
  renameHost(name: string, to: string): Promise<Answer<Hosts>>;
  removeHost(name: string): Promise<Answer<Hosts>>;
  /** Have assistants in the Jupyter Server talk to a host. */
  assist(host: string): Promise<Answer<Assisted>>;
  /** Open the folder of a host's models on the server's machine, or say where it is. */
  folder(host: string): Promise<Answer<Folder>>;
  /** The panel, which the server keeps for every page. */
  panel(): Promise<PanelParts>;
  /** What opens in the panel, as text. */
  details(): Promise<string>;
  /** Which kernels use what of a host, and where the file browser has their notebooks. */
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
  const attempt = async (path: string, method: string, body?: object) => {
    const response = await request(path, { method, ...(body && { body: JSON.stringify(body) }) });
    const reply = await response.json();
    if (response.ok || reply.problem) return reply;
    return { problem: { code: "server", title: reply.message, hint: "" } };
  };
  const at = (path: string, query: Record<string, string>) =>
    path + URLExt.objectToQueryString(query);
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
    claims: async (host) => (await ask(at("leases", named(host)))).leases,
    addHost: (host) => attempt("hosts", "POST", host),
    renameHost: (name, to) => attempt("hosts", "PATCH", { name, to }),
    removeHost: (name) => attempt(at("hosts", { name }), "DELETE"),
    assist: (host) => attempt(at("assistants", named(host)), "POST"),
    folder: (host) => attempt(at("folder", named(host)), "POST"),
    startEngine: async () => (await attempt("engine", "POST")).problem ?? null,
  };
}
