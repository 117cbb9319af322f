// Run one scenario with a published SDK: JavaScript on standard input, told
// what to talk to by the environment; its value, or the error that the SDK
// threw, goes to standard output as JSON.  What a scenario finds by name comes
// from sdk_NAME.mjs.  Waits between attempts are cut short and listed.
import { existsSync } from "node:fs";
import { text } from "node:stream/consumers";

const waits = [];
const realTimeout = globalThis.setTimeout;
globalThis.setTimeout = (f, ms, ...rest) => {
  const isWait = ms >= 100 && ms <= 120000 && /sleep|delay/.test(new Error().stack);
  if (isWait) waits.push(ms);
  return realTimeout(f, isWait ? 5 : ms, ...rest);
};

let attempts = 0;
const realFetch = globalThis.fetch;
globalThis.fetch = (...args) => {
  attempts++;
  return realFetch(...args);
};

const thrown = (e) => ({
  kind: e.constructor.name,
  name: e.name,
  status: e.status ?? e.statusCode ?? null,
  code: e.code ?? null,
  param: e.param ?? null,
  type: e.type ?? null,
  body: e.error ?? e.data ?? null,
  message: e.message,
});

const out = { notes: {} };
const sleep = (ms) => new Promise((done) => realTimeout(done, ms));

// The provider has been asked: it made the file SEEN.
const seen = async () => {
  while (!existsSync(process.env.SEEN)) await sleep(10);
};
const note = (k, v) => {
  out.notes[k] = v;
};

const { scope } = await import(`./sdk_${process.env.SDK}.mjs`);
const names = { ...scope(process.env), sleep, seen, note };
const AsyncFunction = (async () => {}).constructor;
const source = await text(process.stdin);
try {
  const scenario = new AsyncFunction(...Object.keys(names), source);
  out.value = (await scenario(...Object.values(names))) ?? null;
} catch (e) {
  out.error = thrown(e);
}
process.stdout.write(JSON.stringify({ ...out, attempts, waits }) + "\n");
process.exit(0);
