import type { Activity } from "../src/protocol/protocol";
import { FakeTransport } from "../src/transport/fake";
import { mount } from "../src/ui/panel/mount";
import { detailed } from "../src/ui/text/detailWords";
import { wordsFor } from "../src/ui/text/words";
import { SCENES } from "./scenes";

/**
 * The design page: `?scene=idle&theme=dark&width=400&dir=rtl&lang=de`.
 * With `?all` it has every state, one below the other, in the look that the rest asks for.
 *
 * `window.lms` is the transport and `window.scene` the scene, to deliver more by hand or by script.
 */
const wanted = new URLSearchParams(location.search);
/** Within so many, what a host is asked first is answered and drawn. */
const MOST_FRAMES = 30;
const scene = SCENES[wanted.get("scene") ?? "idle"];
const root = document.documentElement;
root.dir = wanted.get("dir") ?? "ltr";
root.lang = wanted.get("lang") ?? "en";

const theme = document.createElement("link");
theme.rel = "stylesheet";
theme.href = `built/theme-${wanted.get("theme") ?? "light"}.css`;
document.head.append(theme);

const nav = document.querySelector("nav");
for (const name of Object.keys(SCENES)) {
  const link = document.createElement("a");
  const address = new URLSearchParams(wanted);
  address.set("scene", name);
  link.href = `?${address}`;
  link.textContent = name;
  nav?.append(link);
}
if (nav) nav.hidden = wanted.has("bare");

const place = document.querySelector<HTMLElement>("main");
if (place && wanted.has("all")) showAll(place);
else if (place && scene) {
  place.style.inlineSize = `${wanted.get("width") ?? 800}px`;
  const transport = new FakeTransport();
  if (scene.answer) transport.answer = scene.answer;
  const leave = mount(place, transport, { details: () => import("../src/entry/widget/details") });
  for (const news of scene.news) transport.deliver(news);
  Object.assign(window, { lms: transport, scene, leave });
  const { strings } = detailed(wordsFor(root.lang));
  void click(scene.clicks?.(strings) ?? [], scene.typed).then(() => {
    const last = scene.news.find((news) => typeof news !== "string" && news.kind === "activity");
    if (wanted.get("scene") === "undo" && last) {
      const activity = last as Activity;
      const [, ...instances] = activity.instances;
      transport.deliver({ ...activity, revision: activity.revision + 1, instances });
    }
    document.body.dataset.ready = "";
  });
}

/** Every scene in a frame of its own, as high as what is in it; drawn once it comes into view. */
function showAll(list: HTMLElement): void {
  for (const name of Object.keys(SCENES)) {
    const address = new URLSearchParams(wanted);
    address.delete("all");
    address.set("scene", name);
    const heading = document.createElement("h2");
    heading.id = name;
    heading.textContent = name.replaceAll("_", " ");
    const frame = document.createElement("iframe");
    frame.title = name;
    frame.loading = "lazy";
    frame.width = `${Number(wanted.get("width") ?? 800) + 24}`;
    frame.height = "480";
    frame.src = `?bare&${address}`;
    frame.addEventListener("load", () => {
      const { documentElement: page, body } = frame.contentDocument as Document;
      new ResizeObserver(() => {
        frame.height = `${Math.min(page.scrollHeight, 2400)}`;
      }).observe(body);
    });
    list.append(heading, frame);
  }
}

/** Until what was done is drawn. */
function drawn(): Promise<void> {
  return new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
}

/** Click things one after the other, each once it is there; what is missing is said. */
async function click(names: string[], typed?: string): Promise<void> {
  for (const name of names) {
    await drawn();
    if (typed && name === names.at(-1)) {
      const field = document.activeElement as HTMLInputElement;
      field.value = typed;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      await drawn();
    }
    const found = await control(name);
    if (found) found.click();
    else reportError(new Error(`Nothing is called ${name}.`));
  }
  await drawn();
}

/** The control whose name begins like this. */
async function control(name: string): Promise<HTMLElement | undefined> {
  for (let frame = 0; frame < MOST_FRAMES; frame++) {
    const all = [...document.querySelectorAll<HTMLElement>("main button, main summary")];
    const found = all.find((element) => nameOf(element).startsWith(name));
    if (found) return found;
    await drawn();
  }
  return undefined;
}

function nameOf(element: HTMLElement): string {
  return element.getAttribute("aria-label") ?? element.textContent ?? "";
}
