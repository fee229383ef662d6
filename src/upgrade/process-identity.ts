import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import os from "node:os";
import type { ProcessIdentity } from "../core/run.js";

let own: ProcessIdentity | undefined;

/** This process, told apart from every other. */
export function processIdentity(): ProcessIdentity {
  own ??= { host: os.hostname().slice(0, 255), hostId: hostId(), pid: process.pid, startedTicks: startedTicks(process.pid) };
  return own;
}

/** Whether the process lives; null when it is none of this host and nothing can be said from here. */
export function isProcessAlive(identity: ProcessIdentity): boolean | null {
  if (identity.hostId !== processIdentity().hostId) return null;
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const ticks = startedTicks(identity.pid);
  return ticks === null || identity.startedTicks === null || ticks === identity.startedTicks;
}

/** The machine's boot and the pid namespace belong to it: two containers may share a host name, but not process ids. */
function hostId(): string {
  const parts = [
    os.hostname(),
    os.platform(),
    tryRead(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8")),
    tryRead(() => readlinkSync("/proc/self/ns/pid")),
  ];
  return createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 32);
}

/** Field 22 of /proc/<pid>/stat (proc(5)): the start time in clock ticks since boot. A zombie counts as gone. */
function startedTicks(pid: number): string | null {
  const stat = tryRead(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" ? "gone" : (fields[19] ?? null);
}

function tryRead(read: () => string): string | null {
  try {
    return read();
  } catch {
    return null;
  }
}
