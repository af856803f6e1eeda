import { expect, it } from "vitest";
import idle from "../../../tests/wire_samples/activity_idle.json" with { type: "json" };
import type { Activity, Instance } from "../protocol/protocol";
import { instanceLine, loadLine, sdkCode } from "./code";

const [chat, embedding] = (idle as Activity).instances as [Instance, Instance];

it("writes the line that does what a click does", () => {
  const request = { model_key: "google/gemma-3-12b", identifier: null, ttl_s: 3600, config: {} };

  expect(loadLine(request)).toBe("%lms load google/gemma-3-12b --ttl 1h");
  expect(loadLine({ ...request, ttl_s: null, config: { context_length: 8192, gpu: 1 } })).toBe(
    "%lms load google/gemma-3-12b -c 8192 --gpu max --ttl none",
  );
  expect(loadLine({ ...request, config: { gpu: 0.5, parallel: 4 } })).toBe(
    "%lms load google/gemma-3-12b --gpu 0.5 --parallel 4 --ttl 1h",
  );
});

it("quotes names as a shell does", () => {
  const request = { model_key: "my model", identifier: "it's $HOME", ttl_s: 90, config: {} };

  expect(loadLine(request)).toBe("%lms load 'my model' --ttl 90s --identifier 'it'\\''s $HOME'");
});

it("writes down an instance, for a magic and for the SDK", () => {
  expect(instanceLine(chat)).toBe(
    "%lms load qwen/qwen3-4b-2507 -c 8192 --ttl 5m --identifier chat",
  );
  expect(sdkCode(chat)).toBe('import lmstudio\n\nmodel = lmstudio.llm("chat")');
  expect(sdkCode(embedding)).toContain("lmstudio.embedding_model(");
});
