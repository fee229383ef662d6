import { compareSchemas } from "../core/schema.js";
import { type KillOptions, type KillReport, tryKills } from "./kill-trials.js";
import { noting } from "./noting.js";
import { type Bench, type LaidDownRelease, layDown, onScratch, type Outcome, readOutcome, upgrade } from "./scratch-release.js";

export interface ReleaseReport {
  /** The release that was upgraded from. */
  readonly from: string;
  /** Names of the migrations applied, in order. */
  readonly migrations: readonly string[];
  /** Wall time of the upgrade that nobody killed. */
  readonly ms: number;
  readonly kills: readonly KillReport[];
  /** What is not as it should be, a sentence each. */
  readonly differences: readonly string[];
}

export interface TrialOptions extends KillOptions {
  /** Of a fresh installation of the code version. */
  readonly fresh: Outcome;
}

/** Upgrades one release: once undisturbed, then once for each kill. What fails is in the report; only the bench's own errors reject. */
export async function tryRelease(bench: Bench, from: string | LaidDownRelease, options: TrialOptions): Promise<ReleaseReport> {
  const { fresh, ...killing } = options;
  const differences: string[] = [];
  let kills: KillReport[] = [];
  let plan: string[] = [];
  let ms = 0;
  const undisturbed = await noting(differences, () =>
    onScratch(bench, async (place) => {
      await layDown(bench, place, from);
      const startedMs = performance.now();
      plan = await upgrade(bench, place);
      ms = Math.round(performance.now() - startedMs);
      return readOutcome(bench, place);
    }),
  );
  if (undisturbed) {
    differences.push(...compareSchemas(undisturbed.schema, fresh.schema));
    if (plan.length > 0) kills = await tryKills({ ...killing, bench, from, plan, undisturbed, differences });
  }
  return { from: typeof from === "string" ? from : from.version, migrations: plan, ms, kills, differences };
}
