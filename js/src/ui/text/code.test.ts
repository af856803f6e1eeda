import { expect, it } from "vitest";
import idle from "../../../../tests/wire_samples/activity_idle.json" with { type: "json" };
import lines from "../../../../tests/wire_samples/lines/load_lines.json" with { type: "json" };
import type { Activity, Instance } from "../../protocol/protocol";
import type { LoadFields } from "../../store/loadCommand";
import { formLine } from "../loadForm/formLine";
import { baseUrl, curlCode, instanceLine, openaiCode, sdkCode } from "./code";

const [chat, embedding] = (idle as Activity).instances as [Instance, Instance];

it.each(lines)("writes the line that does what a click does: $line", ({ request, line }) => {
  expect(formLine(request as LoadFields)).toBe(line);
});

it("writes down an instance, for a magic and for the SDK", () => {
  expect(instanceLine(chat)).toBe(
    "%lms load qwen/qwen3-4b-2507 -c 8192 --ttl 5m --identifier chat",
  );
  expect(sdkCode(chat)).toBe('import lmstudio\n\nmodel = lmstudio.llm("chat")');
  expect(sdkCode(embedding)).toContain("lmstudio.embedding_model(");
});

it.each([
  ["127.0.0.1:1234", "http://127.0.0.1:1234/v1"],
  ["https://gpu.example:443/lms", "https://gpu.example:443/lms/v1"],
])("writes down where %s is found by OpenAI's clients", (address, url) => {
  expect(baseUrl(address)).toBe(url);
  expect(openaiCode("llm", "chat", address)).toContain(`base_url="${url}"`);
  expect(curlCode("llm", "chat", address)).toContain(`curl ${url}/chat/completions`);
});

it("quotes hostile names, and has no token in it", () => {
  const name = `a'"; rm -rf $HOME #`;
  const python = openaiCode("embedding", name, "h:1");
  const shell = curlCode("embedding", name, "h:1");

  expect(python).toContain(`client.embeddings.create(model=${JSON.stringify(name)}`);
  const body = shell.slice(shell.indexOf("-d ") + 3);
  expect(body.replaceAll("'\\''", "").match(/'/g)).toHaveLength(2);
  expect(python + shell).toContain("LM_API_TOKEN");
});
