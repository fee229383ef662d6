import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { messageOf } from "../core/errors.js";
import type { FilesComparison, SignatureFinding } from "../core/release-files.js";

/** What is remembered of a comparison: files whose size, times and number are the same are not read again. */
export interface KnownFiles {
  /** SHA-256 of the manifest: stamps count for this one only. */
  readonly key: string;
  readonly signature: SignatureFinding;
  readonly stamps: SharedArrayBuffer;
}

export interface ComparisonTask {
  /** Absolute path of `release.json`; the files lie in its folder. */
  readonly manifest: string;
  /** PEM; none: nobody asks for a signature. */
  readonly publicKeys: readonly string[];
  readonly known: KnownFiles | null;
}

/** `invalid`: of the manifest; `failed`: it could not be compared. */
export type WorkerAnswer =
  | { readonly kind: "compared"; readonly comparison: FilesComparison; readonly known: KnownFiles }
  | { readonly kind: "invalid"; readonly problem: string }
  | { readonly kind: "failed"; readonly problem: string };

/**
 * Compares the files on disk with the manifest, in threads of their own: this one's event loop is not held. Never rejects. With `signal` it
 * ends as `failed`.
 */
export async function compareWithManifest(task: ComparisonTask, signal?: AbortSignal): Promise<WorkerAnswer> {
  const ended: WorkerAnswer = { kind: "failed", problem: "it was ended" };
  if (signal?.aborted) return ended;
  let worker: Worker | undefined;
  const stop = (): void => void worker?.terminate();
  signal?.addEventListener("abort", stop);
  try {
    // Neither the host's loaders nor its other arguments: nothing here needs them.
    worker = new Worker(new URL("./integrity-worker.js", import.meta.url), { workerData: { task }, execArgv: [] });
    const message = once(worker, "message") as Promise<[WorkerAnswer]>;
    return await Promise.race([message.then(([answer]) => answer), once(worker, "exit").then(() => ended)]);
  } catch (error) {
    return { kind: "failed", problem: messageOf(error) };
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}
