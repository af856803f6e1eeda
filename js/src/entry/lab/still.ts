import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { type IRenderMime, IRenderMimeRegistry } from "@jupyterlab/rendermime";

/** What ipywidgets draws, by its type; it is preferred to everything else in a trusted output. */
const VIEW = "application/vnd.jupyter.widget-view+json";
const HTML = "text/html";
/** What stands in a widget's place if a view of it could not be made. */
const FAILED = ".jupyter-widgets-error-widget";
/** A widget that is there comes sooner; until then nothing flickers. */
export const PATIENCE_MS = 500;

/** How the picture in an output of ours begins; the last form is that of older notebooks. */
const STILL =
  /^<(div class="lms-Of-\w+"><div class="lms-Still"|div class="lms-Still"|p>Models in memory of )/;

/** The still picture in an output of ours. */
function hasStill({ data }: IRenderMime.IMimeModel): boolean {
  const html = data[HTML];
  const text = Array.isArray(html) ? html.join("") : html;
  return typeof text === "string" && STILL.test(text);
}

/** What is said below a picture in an output that JupyterLab does not trust. */
const UNTRUSTED = {
  en: "This is a picture. Run the cell for a live panel.",
  de: "Das ist ein Bild. Für ein lebendes Panel die Zelle ausführen.",
};

/** Whether the picture is an output of its own beside it, which any viewer shows. */
function isBesideStill({ metadata }: IRenderMime.IMimeModel): boolean {
  const ours = metadata?.lms_jupyter as { picture?: unknown } | undefined;
  return ours?.picture === "below";
}

/**
 * Show the still picture of our widgets where no live one can be.
 *
 * JupyterLab chooses one type of an output and keeps to it: for a widget whose model is neither in
 * a kernel nor in the notebook, ipywidgets then says that it was not found. It gives each notebook
 * a factory of its own, in a registry of its own, so that only whoever makes renderers knows all
 * of them; these are what they were, and have a picture to fall back on.
 */
export function keepStills(registry: IRenderMimeRegistry): void {
  const create = registry.createRenderer.bind(registry);
  const clone = registry.clone.bind(registry);
  registry.createRenderer = (mimeType) => {
    const renderer = create(mimeType);
    if (mimeType === VIEW) fallBack(renderer, () => create(HTML));
    else if (mimeType === HTML) explain(renderer);
    return renderer;
  };
  registry.clone = (options) => {
    const copy = clone(options);
    keepStills(copy);
    return copy;
  };
}

/** Whether it is a widget, and not word that there is none. */
function isLive(view: Element): boolean {
  return !view.matches(FAILED) && view.querySelector(FAILED) === null;
}

/** Say why a picture of ours does not live, where that is for want of trust. */
function explain(renderer: IRenderMime.IRenderer): void {
  const { node } = renderer;
  const render = renderer.renderModel.bind(renderer);
  renderer.renderModel = async (model) => {
    await render(model);
    if (model.trusted || !hasStill(model)) return;
    const hint = document.createElement("p");
    hint.textContent = UNTRUSTED[document.documentElement.lang.startsWith("de") ? "de" : "en"];
    node.append(hint);
  };
}

/** Put the still picture into a renderer of widgets for as long as it shows no live one. */
function fallBack(renderer: IRenderMime.IRenderer, createHtml: () => IRenderMime.IRenderer): void {
  const { node } = renderer;
  const render = renderer.renderModel.bind(renderer);
  let still: HTMLElement | null = null;
  let waits = true;

  function update(): void {
    if (still === null) return;
    const views = [...node.children].filter((one) => one !== still);
    if (views.some(isLive)) {
      still.remove();
    } else if (!waits && still.parentNode !== node) {
      for (const view of views) view.setAttribute("hidden", "");
      const texts = [...node.childNodes].filter(({ nodeType }) => nodeType === Node.TEXT_NODE);
      for (const text of texts) text.remove();
      node.append(still);
    }
  }
  new MutationObserver(update).observe(node, { childList: true });

  renderer.renderModel = async (model) => {
    if (isBesideStill(model)) {
      still = document.createElement("span");
    } else if (hasStill(model)) {
      const html = createHtml();
      await html.renderModel(model);
      still = html.node;
    } else {
      return render(model);
    }
    waits = true;
    const over = () => {
      waits = false;
      update();
    };
    // Where no kernel is chosen, ipywidgets waits for one as long as the page is open.
    const timer = setTimeout(over, PATIENCE_MS);
    try {
      await render(model);
    } finally {
      clearTimeout(timer);
      over();
    }
  };
}

/** The plugin; it has to be there before the first notebook, so that it waits for nothing. */
export const still: JupyterFrontEndPlugin<void> = {
  id: "lms-jupyter:still",
  description: "Shows the last picture of a panel where no live one can be.",
  autoStart: true,
  requires: [IRenderMimeRegistry],
  activate: (_app: JupyterFrontEnd, registry: IRenderMimeRegistry) => keepStills(registry),
};
