import { randomBytes } from "node:crypto";

const PREFIX = "upgate_probe_";
/** A probe takes well under a second; one that is older than this was killed. */
const LONGEST_PROBE_MS = 60_000;

/** The name of a scratch table that tells when it was made: `upgate_probe_mbzx41qo_9f2c4e1a`. `nowMs`: since 1970. */
export function probeTableName(nowMs: number): string {
  return `${PREFIX}${nowMs.toString(36)}_${randomBytes(4).toString("hex")}`;
}

export function isProbeTable(name: string): boolean {
  return /^upgate_probe_[\da-z]+_[\da-f]{8}$/.test(name);
}

/** Whether it was left behind. Machines' clocks differ: one from the future counts as well. */
export function isLeftover(name: string, nowMs: number): boolean {
  if (!isProbeTable(name)) return false;
  const madeAt = Number.parseInt(name.slice(PREFIX.length), 36);
  return Math.abs(nowMs - madeAt) > LONGEST_PROBE_MS;
}
