// The runner as a process of its own, on the built package: carries a run on to its end, or dies by SIGKILL at the moment that it is told.
import { execFileSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { connectStore, databaseSource } from "../../dist/store/connect.js";
import { openContext } from "../../dist/upgrade/open-context.js";
import { resolveSettings } from "../../dist/upgrade/settings.js";
import { Upgrader } from "../../dist/upgrade/upgrader.js";

const LOOK_AGAIN_MS = 50;
const MOST_TRIES = 3;
let task;
let moments;

function atMoment(point, migration, statement) {
  moments++;
  appendFileSync(
    task.log,
    `${JSON.stringify({ pid: process.pid, moment: moments, point, migration, statement: statement.slice(0, 400) })}\n`,
  );
  if (moments === task.haltAt) process.kill(process.pid, "SIGSTOP");
  if (moments !== task.killAt) return;
  if (task.before) execFileSync(task.before[0], task.before.slice(1), { stdio: "ignore" });
  process.kill(process.pid, "SIGKILL");
}

const hooks = {
  beforeMigration: async (name) => atMoment("before-migration", name, ""),
  atPoint: ({ point, migration, statement }) => atMoment(point, migration, statement),
};

/** As `upgate up` does: what a cluster's node has read may have been over already. */
async function begin(upgrader) {
  for (let tries = 1; ; tries++) {
    try {
      return await beginOnce(upgrader);
    } catch (error) {
      if (!["ERR_UPGATE_LEASE_HELD", "ERR_UPGATE_STATE"].includes(error.code) || tries === MOST_TRIES) throw error;
      await pause(LOOK_AGAIN_MS);
    }
  }
}

async function beginOnce(upgrader) {
  const answer = task.inDoubt ? { inDoubt: task.inDoubt } : {};
  for (;;) {
    const { kind, reason } = await upgrader.state();
    if (kind === "fresh" || kind === "behind") return upgrader.start({ where: "here", backup: { kind: "own", address: "crash suite" } });
    if (kind === "interrupted") return upgrader.resume({ where: "here", ...answer });
    if (kind === "failed") return upgrader.retry({ where: "here", ...answer });
    if (kind === "current") return null;
    if (kind !== "running") throw new Error(`The state is ${kind}: ${reason}`);
    await pause(LOOK_AGAIN_MS);
  }
}

async function carryOn() {
  process.env.UPGATE_CRASH_LOG = task.log;
  moments = 0;
  const lines = [];
  const note = (text, error) => void lines.push(error === undefined ? text : `${text} ${error?.stack ?? error}`);
  const logger = { info: () => undefined, warn: note, error: note };
  const context = openContext(resolveSettings({ ...task.options, logger }));
  try {
    const run = await begin(new Upgrader({ ...context, hooks }));
    const { status, error } = run === null ? { status: "completed", error: null } : await run.finished;
    return { kind: "ended", status, error, moments, lines };
  } catch (error) {
    // Without an answer a run in doubt is not even begun again.
    const { code, message, inDoubt } = error;
    if (inDoubt) return { kind: "ended", status: "failed", error: { code, message, inDoubt }, moments, lines };
    return { kind: "broken", output: `${lines.join("\n")} ${error?.stack ?? error}` };
  } finally {
    await context.store.close();
  }
}

// One task after the other, until whoever gives them is gone.
process.on("message", async (given) => {
  task = given;
  process.send(await carryOn());
});
// The driver's modules take longer to load than most of what is to be done: they are there before the first task.
await connectStore(databaseSource(process.argv[2], process.cwd())).destroy();
process.send("ready");
