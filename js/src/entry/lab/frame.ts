import type { Message } from "@lumino/messaging";
import { Widget } from "@lumino/widgets";
import { jupyterLine, lookedAt } from "../../transport/jupyter";
import type { Place } from "../../ui/controls/place";
import type { Connection } from "./connection";
import { icon } from "./icon";
import { sayMissing } from "./missing";
import { type Mount, panelOf } from "./panel";
import { Seen } from "./seen";
import type { Strings } from "./strings";

/** Where the models that are there are looked through; a short list has no such field. */
const FIELD = ".lms-Search input";

/** Stands for all hosts; no address has it. */
const ALL = "*";

/** Opens a menu at a place of the page. */
type OpenMenu = (x: number, y: number) => void;

/** The frame of the panel in a side area of JupyterLab. */
export class Sidebar extends Widget {
  readonly #connection: Connection;
  readonly #panel: () => Promise<Mount>;
  readonly #place: () => Place;
  readonly #hosts: () => readonly string[];
  readonly #menu: () => OpenMenu | null;
  readonly #strings: Strings;
  readonly #seen = new Seen(() => this.isVisible);
  readonly #head = document.createElement("div");
  readonly #body = document.createElement("div");
  readonly #unhost: () => void;
  readonly #finding = new MutationObserver(() => this.#enterField());
  #isAll = false;
  #field: Element | null = null;
  #leave: (() => void) | null = null;

  constructor(
    connection: Connection,
    strings: Strings,
    place: () => Place,
    hosts: () => readonly string[],
    menu: () => OpenMenu | null = () => null,
  ) {
    super();
    this.id = "lms-sidebar";
    this.addClass("lms-Sidebar");
    this.title.icon = icon;
    this.title.caption = strings.title;
    this.node.tabIndex = -1;
    this.#head.className = "lms-Sidebar-head";
    this.node.append(this.#head, this.#body);
    // A panel takes the field away as soon as few models are there.
    this.#body.addEventListener("focusin", () => this.#watch());
    this.#connection = connection;
    this.#panel = panelOf(connection.server);
    this.#strings = strings;
    this.#place = place;
    this.#hosts = hosts;
    this.#menu = menu;
    this.#unhost = connection.onHost(() => this.refresh());
    // Whoever comes here from a cell may have named a host in it.
    for (const event of ["pointerenter", "focusin"])
      this.node.addEventListener(event, () => connection.look());
  }

  override dispose(): void {
    this.#unhost();
    this.#finding.disconnect();
    this.#leave?.();
    this.#seen.dispose();
    super.dispose();
  }

  /** Whether somebody can see the panel now. */
  get isSeen(): boolean {
    return this.#seen.visibilityState === "visible";
  }

  /** Draw again what depends on the host and the settings. */
  refresh(): void {
    this.#drawHosts();
    if (this.#leave !== null) this.#mount();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.#connection.look();
    // A page that never shows the panel never loads it.
    if (this.#leave === null) this.#mount();
    this.#seen.update();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this.isVisible) this.onAfterShow(message);
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.#seen.update();
  }

  protected override onActivateRequest(): void {
    // This arrives some time after it was asked for: whoever is inside by then stays there.
    if (!this.node.contains(document.activeElement)) this.node.focus();
  }

  /** Put the cursor where models are looked through, as soon as that is drawn. */
  find(): void {
    this.node.focus();
    this.#watch();
  }

  #watch(): void {
    this.#finding.observe(this.#body, { childList: true, subtree: true });
    this.#enterField();
  }

  /**
   * The frame keeps the place of a field to come, and of one that is taken out of the page again.
   *
   * A panel that is mounted anew may draw the models of the host before. Whoever has gone elsewhere
   * is not called back.
   */
  #enterField(): void {
    const isLost = document.activeElement === document.body && this.#field?.isConnected === false;
    if (isLost) this.node.focus();
    const active = document.activeElement;
    const field = this.#body.querySelector<HTMLElement>(FIELD);
    if (active === this.node) field?.focus();
    else if (active === field) this.#field = field;
    else this.#finding.disconnect();
  }

  #mount(): void {
    const focused = this.#body.contains(document.activeElement) ? document.activeElement : null;
    this.#leave?.();
    let left = false;
    let leave = () => {
      left = true;
    };
    this.#leave = () => leave();
    this.#panel().then(
      (mount) => {
        if (!left) leave = this.#isAll ? this.#mountAll(mount) : this.#mountOne(mount, this.#body);
      },
      () => {
        const again = () => this.#mount();
        if (!left) leave = sayMissing(this.#body, this.#connection, this.#strings, again);
      },
    );
    // What had the focus is gone; the keyboard stays in the sidebar.
    if (focused !== null) this.node.focus();
  }

  #mountOne(mount: Mount, element: HTMLElement): () => void {
    return mount(element, lookedAt(this.#connection.line, this.#seen), this.#place());
  }

  /** Show a panel for each host, one below the other; code is inserted for the chosen one alone. */
  #mountAll(mount: Mount): () => void {
    const { use: _, write: _1, try: _2, notebooks: _3, ...place } = this.#place();
    const leaves = this.#hosts().map((host) => {
      const element = this.#body.appendChild(document.createElement("div"));
      if (host === this.#connection.host) return this.#mountOne(mount, element);
      const line = jupyterLine(() => this.#connection.server.connect(host, 1));
      return mount(element, lookedAt(line, this.#seen), place);
    });
    return () => {
      for (const leave of leaves) leave();
      this.#body.replaceChildren();
    };
  }

  /** Offer the hosts where there is more than one, and what can be done with them. */
  #drawHosts(): void {
    const hosts = this.#hosts();
    const open = this.#connection.known === null ? null : this.#menu();
    const focused = this.#head.contains(document.activeElement) ? document.activeElement : null;
    this.#head.replaceChildren();
    const select = hosts.length > 1 ? this.#drawChoice(hosts) : null;
    const button = open && this.#drawMenu(open);
    if (focused !== null) (focused.nodeName === "SELECT" && select ? select : button)?.focus();
  }

  #drawMenu(open: OpenMenu): HTMLElement {
    const button = document.createElement("button");
    button.textContent = "⋯";
    button.title = this.#strings.manageHosts;
    button.setAttribute("aria-label", this.#strings.manageHosts);
    button.setAttribute("aria-haspopup", "menu");
    button.addEventListener("click", () => {
      const { left, bottom } = button.getBoundingClientRect();
      open(left, bottom);
    });
    this.#head.append(button);
    return button;
  }

  #drawChoice(hosts: readonly string[]): HTMLElement {
    const select = document.createElement("select");
    select.setAttribute("aria-label", this.#strings.host);
    const offer = (name: string, value: string, isChosen: boolean) =>
      select.append(new Option(name, value, false, isChosen));
    for (const host of hosts) {
      offer(host || this.#strings.anyHost, host, !this.#isAll && host === this.#connection.host);
    }
    offer(this.#strings.allHosts, ALL, this.#isAll);
    select.addEventListener("change", () => {
      this.#isAll = select.value === ALL;
      if (this.#isAll || select.value === this.#connection.host) this.refresh();
      else this.#connection.choose(select.value);
    });
    this.#head.append(select);
    return select;
  }
}
