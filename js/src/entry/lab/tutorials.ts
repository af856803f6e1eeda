import type { JupyterFrontEnd } from "@jupyterlab/application";
import { type ICommandPalette, Notification } from "@jupyterlab/apputils";
import { PathExt, URLExt } from "@jupyterlab/coreutils";
import type { ILauncher } from "@jupyterlab/launcher";
import { ServerConnection } from "@jupyterlab/services";
import { LabIcon } from "@jupyterlab/ui-components";
import type { Refused } from "../../protocol/protocol";
import type { Strings } from "./strings";

const COMMAND = "lms:tutorials";

/** An open book. */
const icon = new LabIcon({
  name: "lms-jupyter:tutorials",
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M2 4.6C5.3 3.5 8.9 3.8 12 5.6c3.1-1.8 6.7-2.1 10-1v14.8c-3.4-1-6.9-.7-10 1.2-3.1-1.9-6.6-2.2-10-1.2zm1.8 1.3v11.2c2.6-.5 5-.2 7.3.8V7.2C8.8 5.9 6.3 5.5 3.8 5.9zm16.4 0c-2.5-.4-5 0-7.3 1.3v10.7c2.3-1 4.7-1.3 7.3-.8zM5.600 8.600c1.300-.1 2.500.1 3.700.6v1.800c-1.200-.5-2.400-.7-3.700-.6zm0 3.500c1.300-.1 2.500.1 3.700.6v1.800c-1.200-.5-2.400-.7-3.700-.6z"/></svg>',
});

/** What the Jupyter Server answers once the tutorials are among the user's files. */
interface Copied {
  /** Of the first one. */
  path: string;
}

/** Offer the tutorials, which are in English, in the launcher and the palette. */
export function addTutorials(
  app: JupyterFrontEnd,
  launcher: ILauncher | null,
  palette: ICommandPalette | null,
  strings: Strings,
): void {
  app.commands.addCommand(COMMAND, {
    label: ({ label }) =>
      typeof label === "string" ? label : strings.named(strings.openTutorials),
    caption: strings.tutorialsCaption,
    icon,
    describedBy: { args: { type: "object", properties: {} } },
    execute: async () => {
      const path = await copy(app.serviceManager.serverSettings);
      if (path === null) return;
      await app.commands.execute("docmanager:open", { path });
      // The others lie beside it; Notebook 7 has no such command beside a notebook.
      if (app.commands.hasCommand("filebrowser:go-to-path")) {
        const folder = { path: PathExt.dirname(path), dontShowBrowser: true };
        await app.commands.execute("filebrowser:go-to-path", folder);
      }
    },
  });
  launcher?.add({
    command: COMMAND,
    category: "Other",
    rank: 98,
    args: { label: strings.tutorials },
  });
  palette?.addItem({ command: COMMAND, category: strings.category });
}

/** Have the Jupyter Server copy them; answers the path of the first, nothing if it could not. */
async function copy(settings: ServerConnection.ISettings): Promise<string | null> {
  const url = URLExt.join(settings.baseUrl, "lms", "tutorials");
  const response = await ServerConnection.makeRequest(url, { method: "POST" }, settings);
  const answer: Copied | Refused | { message: string } = await response.json();
  if ("path" in answer) return answer.path;
  const told =
    "problem" in answer ? `${answer.problem.title} ${answer.problem.hint}` : answer.message;
  Notification.error(told);
  return null;
}
