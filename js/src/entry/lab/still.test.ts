import type { IRenderMimeRegistry } from "@jupyterlab/rendermime";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

vi.mock("@jupyterlab/rendermime", () => ({ IRenderMimeRegistry: {} }));

import { keepStills, PATIENCE_MS } from "./still";

const VIEW = "application/vnd.jupyter.widget-view+json";
const OURS = '<div class="lms-Still"><p>Models in memory</p></div>';

/** A registry as JupyterLab's, with a renderer of widgets as ipywidgets' and one of HTML. */
function registryOf(draw: (node: HTMLElement) => void | Promise<void>) {
  const registry = {
    createRenderer(mimeType: string) {
      const node = document.createElement("div");
      return {
        node,
        async renderModel({
          data,
        }: {
          data: Readonly<Record<string, unknown>>;
          metadata?: object;
        }) {
          if (mimeType !== VIEW) {
            node.innerHTML = String(data["text/html"]);
            return;
          }
          node.textContent = "Loading widget...";
          await draw(node);
        },
      };
    },
    clone: () => registryOf(draw),
  };
  return registry;
}

function rendererFor(draw: (node: HTMLElement) => void | Promise<void>) {
  const registry = registryOf(draw);
  keepStills(registry as unknown as IRenderMimeRegistry);
  // Each notebook has a copy of its own, and may copy that once more.
  return registry.clone().clone().createRenderer(VIEW);
}

const model = (html?: string) => ({ data: { [VIEW]: { model_id: "m" }, "text/html": html } });
const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("shows nothing where the picture stands below and ipywidgets finds no model", async () => {
  const renderer = rendererFor((node) => {
    node.textContent = "Error displaying widget: model not found";
  });

  await renderer.renderModel({ ...model(), metadata: { lms_jupyter: { picture: "below" } } });
  await settle();

  expect(renderer.node.textContent).toBe("");
});

it.each([OURS, "<p>Models in memory of LM Studio at 2026-11-22 14:00: nothing</p>"])(
  "shows the picture where ipywidgets finds no model: %s",
  async (html) => {
    const renderer = rendererFor((node) => {
      node.textContent = "Error displaying widget: model not found";
    });

    await renderer.renderModel(model(html));
    await settle();

    expect(renderer.node.textContent).toContain("Models in memory");
    expect(renderer.node.textContent).not.toContain("Error");
  },
);

it("shows it where a view could not be made, too", async () => {
  const renderer = rendererFor((node) => {
    node.innerHTML = '<div class="jupyter-widgets-error-widget">Failed to load</div>';
  });

  await renderer.renderModel(model(OURS));

  expect(renderer.node.querySelector(".jupyter-widgets-error-widget")?.hasAttribute("hidden")).toBe(
    true,
  );
  expect(renderer.node.textContent).toContain("Models in memory");
});

it("shows it while nobody answers, and makes room for the widget when it comes", async () => {
  let come: () => void = () => {};
  const renderer = rendererFor(
    (node) =>
      new Promise((resolve) => {
        come = () => {
          node.textContent = "";
          node.append(document.createElement("section"));
          resolve();
        };
      }),
  );
  void renderer.renderModel(model(OURS));
  await settle();
  expect(renderer.node.textContent).toBe("Loading widget...");

  await vi.advanceTimersByTimeAsync(PATIENCE_MS);
  expect(renderer.node.textContent).toBe("Models in memory");

  come();
  await settle();
  expect(renderer.node.innerHTML).toBe("<section></section>");
});

it("leaves what is not ours as it is", async () => {
  const renderer = rendererFor((node) => {
    node.textContent = "Error displaying widget: model not found";
  });

  for (const html of [undefined, "<b>theirs</b>"]) {
    await renderer.renderModel(model(html));
    await settle();
    expect(renderer.node.textContent).toBe("Error displaying widget: model not found");
  }
});

it.each([
  ["", "This is a picture."],
  ["de-CH", "Das ist ein Bild."],
])("says below a picture that is not trusted what makes it live (%s)", async (lang, words) => {
  document.documentElement.lang = lang;
  const registry = registryOf(() => undefined);
  keepStills(registry as unknown as IRenderMimeRegistry);
  const textOf = async (html: string, trusted: boolean) => {
    const { node, renderModel } = registry.clone().createRenderer("text/html");
    await renderModel({ data: { "text/html": html }, trusted } as never);
    return node.textContent;
  };
  const still = `<div class="lms-Of-1a">${OURS}</div><style></style>`;

  expect(await textOf(still, false)).toContain(words);
  expect(await textOf(still, true)).toBe("Models in memory");
  expect(await textOf("<b>theirs</b>", false)).toBe("theirs");
  document.documentElement.lang = "";
});
