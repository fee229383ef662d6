import { readHealth } from "../../upgrade/checks.js";
import type { Answer, Visit } from "./visit.js";

/** The run for the vendor's support: versions, plan, timings, error, checks. No credentials, no row data. */
export async function report(visit: Visit): Promise<Answer> {
  const { context, state, status, own } = visit;
  const body = {
    product: context.settings.options.branding.name ?? null,
    createdAt: context.store.clock.timestamp(),
    state,
    run: status.run,
    health: await readHealth(context, state, await own()),
  };
  return {
    kind: "download",
    filename: `upgrade-report-${status.run?.id ?? "none"}.json`,
    type: "application/json; charset=utf-8",
    body: `${JSON.stringify(body, null, 2)}\n`,
  };
}
