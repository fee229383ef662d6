import { readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Program } from "./program.js";

const LOOK_EVERY_MS = 250;
/** More than any program writes at once, so that it fails where that one does. */
const PROBE = Buffer.alloc(64 * 1024);
/** Of a processor: a program at work writes long before. */
const MOST_IDLE_WORK_MS = 20_000;
/** `USER_HZ` of Linux, as `/proc/…/stat` counts. */
const TICK_MS = 10;

/**
 * Watches a program that may try a write which has failed for ever, as mydumper does when the disk is full. `fail` hears why. How busy it
 * is only Linux tells.
 */
export function watchStall({ pid, name }: Program, probeFile: string, fail: (error: Error) => void): Disposable {
  let last = { written: -1, cpuMs: 0 };
  const look = (): void => {
    const now = { written: writtenBy(pid) ?? last.written, cpuMs: cpuOf(pid) };
    if (now.written > last.written) {
      last = now;
      return;
    }
    const error = probe(probeFile);
    if (error) fail(error);
    else if (now.cpuMs - last.cpuMs > MOST_IDLE_WORK_MS) fail(new Error(`${name} works without writing anything any more.`));
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Why nobody can write there; null: one can. */
function probe(file: string): Error | null {
  try {
    writeFileSync(file, PROBE, { mode: 0o600 });
    return null;
  } catch (error) {
    return error as Error;
  } finally {
    rmSync(file, { force: true });
  }
}

/** How much a program has written altogether, bytes, as Linux tells; null elsewhere, or when it has just ended. */
export function writtenBy(pid: number | undefined): number | null {
  try {
    const written = /^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1];
    return written === undefined ? null : Number(written);
  } catch {
    return null;
  }
}

function cpuOf(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return 0;
  }
}
