import { fitsPlan, type Rehearsal } from "../core/rehearsal.js";
import type { Run } from "../core/run.js";
import { orAbsent } from "../store/driver-errors.js";
import { deleteFact, readFact, setFact } from "../store/facts.js";
import type { Store } from "../store/store.js";
import { ensureTables, whileBusy } from "../store/tables.js";

const LATEST = "rehearsal";

/** The latest one; a run takes it over when it does the same. */
export async function recordRehearsal(store: Store, rehearsal: Rehearsal): Promise<void> {
  await ensureTables(store);
  await whileBusy(() => setFact(store.knex, LATEST, JSON.stringify(rehearsal)));
}

export async function readLatestRehearsal({ knex }: Pick<Store, "knex">): Promise<Rehearsal | null> {
  return parsed(await orAbsent(() => readFact(knex, LATEST), null));
}

export async function readRunRehearsal({ knex }: Pick<Store, "knex">, runId: string): Promise<Rehearsal | null> {
  return parsed(await orAbsent(() => readFact(knex, `${LATEST}:${runId}`), null));
}

/** Keeps the latest rehearsal with the run, if it was of the same plan; the plan, with how long each migration took there. */
export async function takeRehearsal(
  store: Store,
  run: Pick<Run, "id" | "fromVersion" | "toVersion">,
  plan: Run["plan"],
): Promise<Run["plan"]> {
  const rehearsal = await readLatestRehearsal(store);
  if (rehearsal?.status !== "passed" || !fitsPlan(rehearsal, { ...run, plan })) return plan;
  await whileBusy(() => setFact(store.knex, `${LATEST}:${run.id}`, JSON.stringify(rehearsal)));
  await whileBusy(() => deleteFact(store.knex, LATEST));
  return plan.map((entry, index) => {
    const ms = rehearsal.migrations[index]?.ms ?? null;
    return ms === null ? entry : { ...entry, rehearsedMs: ms };
  });
}

function parsed(text: string | null): Rehearsal | null {
  return text === null ? null : (JSON.parse(text) as Rehearsal);
}
