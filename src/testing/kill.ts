import { fork } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { UpgateError } from "../core/errors.js";
import type { KillTask, KillWord } from "./child.js";

const CHILD = fileURLToPath(new URL(`./child${path.extname(import.meta.url)}`, import.meta.url));
const OUTPUT_TAIL_CHARACTERS = 1500;

/**
 * Lets a process of its own carry out the upgrade, and kills it by SIGKILL once it says that it stands where the task wants it.
 * Resolves when the process is gone, with its last word. Throws `ERR_UPGATE_TEST_FAILED` when it has neither come there nor
 * completed the upgrade, with what it said.
 */
export async function runToKill(task: KillTask, execArgv: readonly string[]): Promise<Exclude<KillWord, { kind: "failed" }>> {
  const child = fork(CHILD, { execArgv: [...execArgv], stdio: ["ignore", "pipe", "pipe", "ipc"] });
  let output = "";
  let last: KillWord | null = null;
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.on("message", (word: KillWord) => {
    last = word;
    if (word.kind === "stands") child.kill("SIGKILL");
    else if (word.kind === "failed") output += `${word.message}\n`;
  });
  const ending = new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(signal === null ? `exit code ${code}` : signal));
  });
  // A process that ended at once can't be told; how it ended says more.
  child.send(task, () => undefined);
  const how = await ending;
  const word = last as KillWord | null;
  if (word?.kind === "stands" ? how === "SIGKILL" : word?.kind === "completed") return word as Exclude<KillWord, { kind: "failed" }>;
  const message = `the process to be killed ended by itself (${how}): ${output.slice(-OUTPUT_TAIL_CHARACTERS).trim()}`;
  throw new UpgateError("ERR_UPGATE_TEST_FAILED", message);
}
