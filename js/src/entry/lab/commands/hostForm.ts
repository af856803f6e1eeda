import { Dialog, showDialog } from "@jupyterlab/apputils";
import { Widget } from "@lumino/widgets";
import type { NewHost } from "../server";
import type { Strings } from "../strings";

/** The fields of a host that is to be added. */
class HostForm extends Widget implements Dialog.IBodyWidget<NewHost> {
  readonly #fields: readonly HTMLInputElement[];

  constructor(strings: Strings) {
    super();
    this.addClass("lms-HostForm");
    const labels = [strings.hostName, strings.hostAddress, strings.hostToken];
    this.#fields = labels.map((text, index) => {
      const label = this.node.appendChild(document.createElement("label"));
      const field = document.createElement("input");
      // A token is written unseen, and no browser offers to keep it.
      if (index === 2) Object.assign(field, { type: "password", autocomplete: "off" });
      field.className = "jp-mod-styled";
      label.append(text, field);
      return field;
    });
  }

  getValue(): NewHost {
    const [name = "", address = "", token = ""] = this.#fields.map(({ value }) => value.trim());
    return { name, address, token };
  }
}

/** Ask for a host; nothing if somebody thought better of it. */
export async function askForHost(strings: Strings): Promise<NewHost | null> {
  const { button, value } = await showDialog({
    title: strings.addHost.replace(/\s*…$/, ""),
    body: new HostForm(strings),
    buttons: [Dialog.cancelButton(), Dialog.okButton({ label: strings.addThis })],
    focusNodeSelector: "input",
  });
  return button.accept ? value : null;
}
