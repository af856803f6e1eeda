import { commands } from "./commands";
import { hub } from "./hub";
import { notebookModel } from "./notebookModel";
import { notices } from "./notices";
import { sidebar } from "./sidebar";
import { status } from "./status";
import { still } from "./still";
import { tutorials } from "./tutorials";

/**
 * The plugins of the extension, each of which can be disabled: all but the first need the hub.
 *
 * `jupyter labextension disable lms-jupyter:notices`, for example.
 */
export default [still, hub, sidebar, commands, status, notices, tutorials, notebookModel];
