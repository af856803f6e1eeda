import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ICommandPalette, Notification } from "@jupyterlab/apputils";
import { PathExt, URLExt } from "@jupyterlab/coreutils";
import { ILauncher } from "@jupyterlab/launcher";
import { ServerConnection } from "@jupyterlab/services";
import type { Refused } from "../../protocol/protocol";
import { addCommands } from "./addCommands";
import { IModelHub, type ModelHub } from "./hub";
import { iconOf } from "./icon";

/** An open book. */
const icon = iconOf(
  "tutorials",
  "M2 4.6C5.3 3.5 8.9 3.8 12 5.6c3.1-1.8 6.7-2.1 10-1v14.8c-3.4-1-6.9-.7-10 1.2-3.1-1.9-6.6-2.2-10-1.2zm1.8 1.3v11.2c2.6-.5 5-.2 7.3.8V7.2C8.8 5.9 6.3 5.5 3.8 5.9zm16.4 0c-2.5-.4-5 0-7.3 1.3v10.7c2.3-1 4.7-1.3 7.3-.8zM5.6 8.6c1.3-.1 2.5.1 3.7.6v1.8c-1.2-.5-2.4-.7-3.7-.6zm0 3.5c1.3-.1 2.5.1 3.7.6v1.8c-1.2-.5-2.4-.7-3.7-.6z",
);

/** What the Jupyter Server answers once the tutorials are among the user's files. */
interface Copied {
  /** Of the first one. */
  path: string;
}

/** Have the Jupyter Server copy them; answers the path of the first, nothing if it could not. */
async function copy(settings: ServerConnection.ISettings): Promise<string | null> {
  const url = URLExt.join(settings.baseUrl, "lms", "tutorials");
  const response = await ServerConnection.makeRequest(url, { method: "POST" }, settings);
  const answer: Copied | Refused | { message: string } = await response.json();
  if ("path" in answer) return answer.path;
  const message =
    "problem" in answer ? `${answer.problem.title} ${answer.problem.hint}` : answer.message;
  Notification.error(message);
  return null;
}

/** Offer the tutorials, which are in English, in the launcher and the palette. */
function activate(
  app: JupyterFrontEnd,
  { strings }: ModelHub,
  palette: ICommandPalette | null,
  launcher: ILauncher | null,
): void {
  const run = async () => {
    const path = await copy(app.serviceManager.serverSettings);
    if (path === null) return;
    await app.commands.execute("docmanager:open", { path });
    // The others lie beside it; Notebook 7 has no such command beside a notebook.
    if (app.commands.hasCommand("filebrowser:go-to-path")) {
      const folder = { path: PathExt.dirname(path), dontShowBrowser: true };
      await app.commands.execute("filebrowser:go-to-path", folder);
    }
  };
  addCommands(app, palette, strings, [
    { id: "tutorials", label: strings.openTutorials, caption: strings.tutorialsCaption, icon, run },
  ]);
  launcher?.add({
    command: "lms:tutorials",
    category: "Other",
    rank: 98,
    args: { label: strings.tutorials },
  });
}

export const tutorials: JupyterFrontEndPlugin<void> = {
  id: "lms-jupyter:tutorials",
  description: "Offers the tutorials, and puts them among the user's files.",
  autoStart: true,
  requires: [IModelHub],
  optional: [ICommandPalette, ILauncher],
  activate,
};
