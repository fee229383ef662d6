import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { parentPort, Worker, workerData } from "node:worker_threads";
import { messageOf } from "../core/errors.js";
import type { FilesComparison, SignatureFinding } from "../core/release-files.js";
import { FilesComparer, type Findings, SharedProgress } from "./compare-files.js";
import type { ComparisonTask, KnownFiles, WorkerAnswer } from "./integrity.js";
import { parseManifest, type ReleaseManifest } from "./manifest.js";
import { mergeFindings } from "./merge-findings.js";
import { checkSignature } from "./signature.js";

/** What the second thread is told; it reads the manifest itself, which is faster than to be handed it. */
interface HelperTask {
  readonly manifest: string;
  readonly counters: SharedArrayBuffer;
  readonly stamps: SharedArrayBuffer;
}

/** Taken at a time: often enough for a thread to be told to stop. */
const FILES_AT_ONCE = 64;
/** Fewer are read before a second thread has started. */
const FILES_FOR_TWO = 1000;

async function compare({ manifest: file, publicKeys, known }: ComparisonTask): Promise<WorkerAnswer> {
  const startMs = performance.now();
  const text = readFileSync(file, "utf8");
  const reading = parseManifest(text);
  if (reading.kind === "invalid") return { kind: "invalid", problem: reading.problem };
  const { manifest } = reading;
  const key = createHash("sha256").update(text).digest("hex");
  const same = known?.key === key ? known : null;
  const listed = Object.keys(manifest.files ?? {}).length;
  const progress = SharedProgress.of(listed, same?.stamps ?? null);
  const helper = listed >= FILES_FOR_TWO && availableParallelism() > 1 ? help(file, progress) : null;
  const signature = same?.signature ?? findSignature(manifest, publicKeys);
  const parts = await compareFiles(manifest, path.dirname(file), progress, helper);
  const comparison: FilesComparison = {
    version: manifest.version,
    signature,
    listed,
    ...mergeFindings(parts),
    tookMs: Math.round(performance.now() - startMs),
    comparedAt: new Date().toISOString(),
  };
  const now: KnownFiles = { key, signature, stamps: progress.stamps };
  return { kind: "compared", comparison, known: now };
}

async function compareFiles(
  manifest: ReleaseManifest,
  folder: string,
  progress: SharedProgress,
  helper: Promise<Findings | null> | null,
): Promise<Findings[]> {
  const comparer = new FilesComparer(manifest, folder, progress);
  while (comparer.compareSome(FILES_AT_ONCE)) await turn();
  comparer.compareLeftOver();
  const others = await helper;
  // What a thread that broke off had taken.
  if (helper && !others) comparer.compareRest();
  return others ? [comparer.findings, others] : [comparer.findings];
}

/** Null: it broke off, and what it has found is lost. */
function help(manifest: string, { counters, stamps }: SharedProgress): Promise<Findings | null> {
  const task: HelperTask = { manifest, counters, stamps };
  return new Promise((resolve) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { helper: task }, execArgv: [] });
    worker.once("message", (findings: Findings) => resolve(findings));
    worker.once("error", () => resolve(null));
    worker.once("exit", () => resolve(null));
  });
}

async function compareAsHelper({ manifest: file, counters, stamps }: HelperTask): Promise<Findings> {
  const reading = parseManifest(readFileSync(file, "utf8"));
  if (reading.kind === "invalid") throw new Error(reading.problem);
  const comparer = new FilesComparer(reading.manifest, path.dirname(file), new SharedProgress(counters, stamps));
  while (comparer.compareSome(FILES_AT_ONCE)) await turn();
  return comparer.findings;
}

function findSignature(manifest: ReleaseManifest, publicKeys: readonly string[]): SignatureFinding {
  return publicKeys.length === 0 ? "unasked" : checkSignature(manifest, publicKeys);
}

if (parentPort) {
  const port = parentPort;
  const { helper, task } = workerData as { readonly helper?: HelperTask; readonly task?: ComparisonTask };
  if (helper) port.postMessage(await compareAsHelper(helper));
  else if (task) {
    const failed = (error: unknown): WorkerAnswer => ({ kind: "failed", problem: messageOf(error) });
    port.postMessage(await compare(task).catch(failed));
  }
}
