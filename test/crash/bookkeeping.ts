import path from "node:path";
import type { Chapter } from "./chapter.js";
import { onDatabase } from "./outcome.js";

/** What is wrong with upgate's own tables after a completed run; empty when nothing is. */
export function problemsOfBookkeeping(chapter: Chapter, address: string): Promise<string[]> {
  return onDatabase(address, async (knex) => {
    const problems: string[] = [];
    const runs = (await knex("upgate_run").select("id", "status", "phase", "active", "error")) as Record<string, unknown>[];
    const completed = runs.filter(({ status }) => status === "completed");
    if (completed.length !== 1 || runs.some(({ status }) => status !== "completed" && status !== "aborted"))
      problems.push(`the runs are ${runs.map(({ id, status }) => `${String(id)} ${String(status)}`).join(", ")}`);
    if (completed.some(({ phase, active, error }) => phase !== "done" || active !== null || error !== null))
      problems.push(`the completed run is ${JSON.stringify(completed)}`);
    const expected = chapter.files.map((file) => `${path.basename(path.dirname(file))}/${path.basename(file, ".mjs")}`);
    const history = (await knex("upgate_migration").select("name", "finished_at", "sha256")) as Record<string, unknown>[];
    const finished = history.filter(({ finished_at }) => finished_at !== null).map(({ name }) => String(name));
    if (finished.toSorted().join() !== expected.toSorted().join())
      problems.push(`applied according to the history: ${finished.join(", ") || "nothing"}`);
    const row = (await knex("tbl_config").where({ setting: "version" }).first("value")) as { value: string } | undefined;
    if (row?.value !== chapter.version) problems.push(`the version row says ${row?.value ?? "nothing"}`);
    const lease = (await knex("upgate_lease").first("host", "pid")) as { host: string | null; pid: number | null };
    if (lease.host !== null && lives(Number(lease.pid))) problems.push(`the lease is still held by process ${lease.pid}`);
    return problems;
  });
}

/** A process that died after the run's end has not given the lease back; nobody minds. */
function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
