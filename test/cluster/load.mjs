// Visitors: keep-alive connections to every node, at a steady rate in all, until told to stop.
import http from "node:http";

const TICK_MS = 10;
const CONNECTIONS = 24;
/** Of so many requests one asks for a slow stream; every fifth of those visitors goes away in the middle of it. */
const STREAM_EVERY = 200;
const LEAVE_EVERY = 5;
const LEAVE_MS = 200;
const TIMEOUT_MS = 60_000;

const counts = { answered: 0, refused: 0, failed: 0, lost: 0, left: 0 };
const errors = new Map();
const agents = new Map();
const state = { running: true, underWay: 0 };
let sent = 0;

function ask(port) {
  const isStream = ++sent % STREAM_EVERY === 0;
  const leaves = sent % (STREAM_EVERY * LEAVE_EVERY) === 0;
  const path = isStream ? "/stream" : "/quick";
  state.underWay++;
  const settle = (kind, detail) => {
    state.underWay--;
    counts[kind]++;
    if (detail) errors.set(detail, (errors.get(detail) ?? 0) + 1);
  };
  let settled = false;
  const once = (kind, detail) => {
    if (settled) return;
    settled = true;
    settle(kind, detail);
  };
  const request = http.get({ host: "127.0.0.1", port, path, agent: agents.get(port), timeout: TIMEOUT_MS }, (answer) => {
    answer.resume();
    answer.on("end", () => {
      if (answer.statusCode === 200) once("answered");
      else if (answer.statusCode === 503 && answer.headers["upgate-maintenance"]) once("refused");
      else once("failed", `${port}: status ${answer.statusCode}`);
    });
    answer.on("error", (error) => once("lost", `${port}: ${error.code}`));
  });
  if (leaves)
    setTimeout(() => {
      once("left");
      request.destroy();
    }, LEAVE_MS);
  request.on("timeout", () => request.destroy(new Error("no answer")));
  request.on("error", (error) => once("lost", `${port}: ${error.code ?? error.message}`));
}

async function run(ports, rate) {
  for (const port of ports) agents.set(port, new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS }));
  let owed = 0;
  let last = performance.now();
  let turn = 0;
  while (state.running) {
    const at = performance.now();
    owed = Math.min(owed + ((at - last) * rate) / 1000, rate / 10);
    last = at;
    for (; owed >= 1; owed--) ask(ports[turn++ % ports.length]);
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  while (state.underWay > 0) await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  for (const agent of agents.values()) agent.destroy();
  return { ...counts, sent, errors: Object.fromEntries(errors) };
}

let over;
const endless = { asked: 0, ended: 0, answered: 0 };

/** Requests that only the operator ends. */
async function hang(ports) {
  for (const port of ports) {
    endless.asked++;
    await new Promise((resolve, reject) => {
      const request = http.get({ host: "127.0.0.1", port, path: "/endless", agent: false }, (answer) => {
        answer.resume();
        answer.once("data", resolve);
        answer.once("end", () => endless.answered++);
        answer.once("error", () => endless.ended++);
      });
      request.once("error", reject);
    });
  }
}

const verbs = {
  hang: async ({ ports }) => {
    await hang(ports);
    return null;
  },
  endless: () => endless,
  start: ({ ports, rate }) => {
    over = run(ports, rate);
    return null;
  },
  stop: () => {
    state.running = false;
    return over;
  },
};

process.on("message", async ({ id, verb, ...given }) => {
  try {
    process.send({ id, answer: await verbs[verb](given) });
  } catch (error) {
    process.send({ id, error: String(error?.stack ?? error) });
  }
});
process.on("disconnect", () => process.exit());
