// Run scenarios with published SDKs, one after another: a line of standard input
// is { script, env } as JSON, where the environment tells which SDK, and what to
// talk to; a line of standard output is the script's value, or the error that the
// SDK threw.  What a scenario finds by name comes from sdk_NAME.mjs.  Waits
// between attempts are cut short and listed.
import { AsyncLocalStorage } from "node:async_hooks";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";

// Standard output is ours alone; SDKs have things to say as well.
console.log = console.info = console.debug = console.error;

// Whose attempt or wait it is: what one scenario left behind is not the next one's.
const current = new AsyncLocalStorage();

const realTimeout = globalThis.setTimeout;
globalThis.setTimeout = (f, ms, ...rest) => {
  const isWait = ms >= 100 && ms <= 120000 && /sleep|delay/.test(new Error().stack);
  if (isWait) current.getStore()?.waits.push(ms);
  return realTimeout(f, isWait ? 5 : ms, ...rest);
};

const realFetch = globalThis.fetch;
globalThis.fetch = (...args) => {
  const out = current.getStore();
  if (out) out.attempts++;
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

const sleep = (ms) => new Promise((done) => realTimeout(done, ms));
const AsyncFunction = (async () => {}).constructor;

const run = async ({ script, env }, out) => {
  const { scope } = await import(`./sdk_${env.SDK}.mjs`);
  // The provider has been asked: it made the file SEEN.
  const seen = async () => {
    while (!existsSync(env.SEEN)) await sleep(10);
  };
  const note = (k, v) => {
    out.notes[k] = v;
  };
  // The process ends with the scenario, as some connections do only then.
  const leave = () => {
    out.left = true;
  };
  const names = { ...scope(env), sleep, seen, note, leave };
  try {
    const scenario = new AsyncFunction(...Object.keys(names), script);
    out.value = (await scenario(...Object.values(names))) ?? null;
  } catch (e) {
    out.error = thrown(e);
  }
};

for await (const line of createInterface({ input: process.stdin })) {
  const out = { notes: {}, attempts: 0, waits: [], left: false };
  await current.run(out, () => run(JSON.parse(line), out));
  process.stdout.write(JSON.stringify(out) + "\n");
  if (out.left) break;
}
process.exit(0);
