import { readHealth } from "../../upgrade/checks.js";
import { readReport } from "../../upgrade/report.js";
import type { Answer, Visit } from "./visit.js";

/** The run for the vendor's support: versions, plan, statements, timings, error, checks. No credentials, no row data. */
export async function report({ context, state, status, own }: Visit): Promise<Answer> {
  const body = { ...(await readReport(context, state, status.run)), health: await readHealth(context, state, await own()) };
  return {
    kind: "download",
    filename: `upgrade-report-${status.run?.id ?? "none"}.json`,
    type: "application/json; charset=utf-8",
    body: `${JSON.stringify(body, null, 2)}\n`,
  };
}
