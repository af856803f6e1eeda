import {
  ILabShell,
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from "@jupyterlab/application";
import { createDesk } from "./labDesk";
import { jupyterServer } from "./labServer";
import { Sidebar } from "./labSidebar";

const ID = "lms-jupyter:sidebar";

const sidebar: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: "Shows the models in memory in a side area, and loads and unloads them.",
  autoStart: true,
  optional: [ILabShell, ILayoutRestorer],
  activate(app: JupyterFrontEnd, labShell: ILabShell | null, restorer: ILayoutRestorer | null) {
    const desk = createDesk(jupyterServer(app.serviceManager.serverSettings));
    const panel = new Sidebar(desk);
    app.shell.add(panel, "left", { rank: 600 });
    restorer?.add(panel, panel.id);
    void labShell;
  },
};

export default sidebar;
