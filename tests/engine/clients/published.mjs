// LM Studio's own description of its protocol, from the newest SDK: which calls and channels there
// are, and whether what is said fits them. `list` prints the former, `check` reads what was said from
// stdin, one JSON object a line, and prints what is wrong with it.

import { isDeepStrictEqual } from "node:util";
import { createInterface } from "node:readline";
import { serializedLMSExtendedErrorSchema } from "@lmstudio/lms-shared-types";
import { LMStudioClient } from "@lmstudio/sdk";

const NAMESPACES = [
  "llm",
  "embedding",
  "system",
  "diagnostics",
  "files",
  "repository",
  "plugins",
  "runtime",
];
const logger = { debug() {}, info() {}, warn() {}, error() {} };
const client = new LMStudioClient({ baseUrl: "ws://127.0.0.1:9", logger });

function described(namespace) {
  return client[`${namespace}Port`].backendInterface;
}

/** The types of packets that a channel may send. */
function packets(schema) {
  return schema.options?.map((option) => option.shape.type.value) ?? [];
}

function list() {
  const found = {};
  for (const namespace of NAMESPACES) {
    const { rpcEndpoints, channelEndpoints } = described(namespace);
    found[namespace] = { calls: [...rpcEndpoints.keys()], channels: {} };
    for (const [name, { toClientPacket }] of channelEndpoints)
      found[namespace].channels[name] = packets(toClientPacket);
  }
  return found;
}

/** superjson writes a map as its entries. */
function decoded(value, serialization) {
  return serialization === "superjson" ? new Map(value.json) : value;
}

function problem({ namespace, endpoint, kind, value }) {
  const { rpcEndpoints, channelEndpoints } = described(namespace);
  let schema;
  let subject = value;
  if (kind === "error") schema = serializedLMSExtendedErrorSchema;
  else if (kind === "packet") schema = channelEndpoints.get(endpoint)?.toClientPacket;
  else if (kind === "message") schema = channelEndpoints.get(endpoint)?.toServerPacket;
  else if (kind === "creation") schema = channelEndpoints.get(endpoint)?.creationParameter;
  else if (kind === "parameter") schema = rpcEndpoints.get(endpoint)?.parameter;
  else {
    const { returns, serialization } = rpcEndpoints.get(endpoint) ?? {};
    schema = returns;
    subject = decoded(value, serialization);
  }
  if (schema === undefined) return "LM Studio has no such endpoint";
  const { success, data, error } = schema.safeParse(subject);
  if (!success) return error.issues.map((one) => `${one.path.join(".")}: ${one.message}`).join("; ");
  return isDeepStrictEqual(data, subject) ? undefined : "it has more than LM Studio knows of";
}

async function check() {
  const wrong = [];
  for await (const line of createInterface({ input: process.stdin })) {
    const reply = JSON.parse(line);
    const found = problem(reply);
    if (found !== undefined) wrong.push({ ...reply, problem: found });
  }
  return wrong;
}

console.log(JSON.stringify(process.argv[2] === "list" ? list() : await check()));
