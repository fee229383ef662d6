// Compares a sealed release's files twice, as upgate does it at a start and before an upgrade, in a process that does nothing else. Prints what
// that took and for how long the event loop was held, as JSON.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { compareWithManifest } from "../../dist/release/integrity.js";
import { readManifest } from "../../dist/release/manifest.js";

const [manifest, publicKey] = process.argv.slice(2);
const RESOLUTION_MS = 1;

/** The longest that the event loop was held while `work` went on, ms: by its own timer, and by libuv's. */
async function holding(work) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  let lastMs = performance.now();
  let longestMs = 0;
  const look = () => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
  };
  const timer = setInterval(look, RESOLUTION_MS);
  delay.enable();
  const startMs = performance.now();
  const result = await work();
  const ms = performance.now() - startMs;
  look();
  clearInterval(timer);
  delay.disable();
  return { result, ms, holdMs: longestMs, delayMs: delay.max / 1e6 };
}

const compare = (known) => compareWithManifest({ manifest, publicKeys: publicKey ? [publicKey] : [], known });
const asStarted = async () => {
  // What the application's own thread does at a start: it reads the manifest, without comparing.
  const read = readManifest(manifest);
  if (read.kind !== "read") throw new Error(read.problem);
  return compare(null);
};

const first = await holding(asStarted);
const { result } = first;
if (result.kind !== "compared") throw new Error(result.problem);
const again = await holding(() => compare(result.known));
const idle = await holding(() => pause(first.ms));
const { comparison } = result;
const wrong = [comparison.missing, comparison.altered, comparison.unreadable].reduce((sum, { count }) => sum + count, 0);

const figures = (measured) => ({ ms: measured.ms, holdMs: Math.max(measured.holdMs, measured.delayMs) });
process.stdout.write(
  JSON.stringify({
    listed: comparison.listed,
    wrong,
    signature: comparison.signature,
    first: figures(first),
    again: figures(again),
    idle: figures(idle),
  }),
);
