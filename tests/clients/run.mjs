// Run one scenario with the published OpenAI SDK: JavaScript on standard
// input, told what to talk to by the environment; its value, or the error that
// the SDK threw, goes to standard output as JSON.  Waits between attempts are
// cut short and listed.
import OpenAI from "openai";
import { existsSync } from "node:fs";
import { text } from "node:stream/consumers";

const waits = [];
const realTimeout = globalThis.setTimeout;
globalThis.setTimeout = (f, ms, ...rest) => {
  const isWait = ms >= 100 && ms <= 120000 && /sleep/.test(new Error().stack);
  if (isWait) waits.push(ms);
  return realTimeout(f, isWait ? 5 : ms, ...rest);
};

let attempts = 0;
const counted = (...args) => {
  attempts++;
  return fetch(...args);
};

const client = new OpenAI({
  baseURL: process.env.BASE_URL,
  apiKey: process.env.API_KEY,
  fetch: counted,
});

const ask = (more = {}) => ({
  model: "test-model",
  messages: [{ role: "user", content: "Hello" }],
  ...more,
});

async function thrown(e) {
  const kinds = ["AuthenticationError", "PermissionDeniedError", "NotFoundError", "RateLimitError", "BadRequestError",
    "ConflictError", "UnprocessableEntityError", "InternalServerError", "APIConnectionTimeoutError",
    "APIConnectionError", "APIUserAbortError", "APIError"];
  return {
    kind: kinds.find((k) => e instanceof OpenAI[k]) ?? e.constructor.name,
    status: e.status ?? null,
    code: e.code ?? null,
    param: e.param ?? null,
    type: e.type ?? null,
    message: e.message,
  };
}

const sleep = (ms) => new Promise((done) => realTimeout(done, ms));

// The provider has been asked: it made the file SEEN.
const seen = async () => {
  while (!existsSync(process.env.SEEN)) await sleep(10);
};

const AsyncFunction = (async () => {}).constructor;
const source = await text(process.stdin);
const out = {};
try {
  const scenario = new AsyncFunction("client", "ask", "OpenAI", "sleep", "seen", "note", source);
  out.notes = {};
  out.value = (await scenario(client, ask, OpenAI, sleep, seen, (k, v) => { out.notes[k] = v; })) ?? null;
} catch (e) {
  out.error = await thrown(e);
}
process.stdout.write(JSON.stringify({ ...out, attempts, waits }) + "\n");
process.exit(0);
