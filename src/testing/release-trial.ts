import { isUpgateError } from "../core/errors.js";
import { compareSchemas } from "../core/schema.js";
import { compareContents } from "../store/contents.js";
import { type Boundary, chooseBoundaries, type Kills } from "./boundaries.js";
import { killAtBoundary } from "./kill.js";
import { type Bench, type LaidDownRelease, layDown, type Outcome, readOutcome, resume, upgrade } from "./scratch-release.js";
import type { ScratchPlace } from "./scratch-options.js";

export interface KillReport {
  /** The last migration that the killed process had recorded. */
  readonly after: string;
  /** True when the run was completed afterwards, with the same structure and rows as without the kill. */
  readonly resumed: boolean;
}

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

export interface TrialOptions {
  readonly kills: Kills;
  readonly execArgv: readonly string[];
  /** Of a fresh installation of the code version. */
  readonly fresh: Outcome;
}

/** Upgrades one release: once undisturbed, then once for each kill. What fails is in the report; only the bench's own errors reject. */
export async function tryRelease(bench: Bench, from: string | LaidDownRelease, options: TrialOptions): Promise<ReleaseReport> {
  const version = typeof from === "string" ? from : from.version;
  const differences: string[] = [];
  const kills: KillReport[] = [];
  let migrations: string[] = [];
  let ms = 0;
  const undisturbed = await noting(differences, () =>
    onScratch(bench, async (place) => {
      await layDown(bench, place, from);
      const startedMs = performance.now();
      migrations = await upgrade(bench, place);
      ms = Math.round(performance.now() - startedMs);
      return readOutcome(bench, place);
    }),
  );
  if (undisturbed) {
    differences.push(...compareSchemas(undisturbed.schema, options.fresh.schema));
    for (const boundary of chooseBoundaries(migrations, options.kills)) {
      const found: string[] = [];
      await noting(found, () => tryKill(bench, from, boundary, options.execArgv, undisturbed).then((more) => found.push(...more)));
      kills.push({ after: boundary.after, resumed: found.length === 0 });
      differences.push(...found.map((difference) => `killed after ${boundary.after}: ${difference}`));
    }
  }
  return { from: version, migrations, ms, kills, differences };
}

async function tryKill(
  bench: Bench,
  from: string | LaidDownRelease,
  { before }: Boundary,
  execArgv: readonly string[],
  undisturbed: Outcome,
): Promise<string[]> {
  return onScratch(bench, async (place) => {
    await layDown(bench, place, from);
    const { config, address, scratch } = bench;
    const task = { configFile: String(config.configFile), version: config.version, place, address, dataDir: scratch.folder, before };
    await killAtBoundary(task, execArgv);
    await resume(bench, place);
    const resumed = await readOutcome(bench, place);
    const places = ["after the resumed run", "after an undisturbed one"] as const;
    return [
      ...compareSchemas(resumed.schema, undisturbed.schema, places),
      ...compareContents(resumed.contents, undisturbed.contents, places),
    ];
  });
}

/** Puts a failed test's message among the differences and goes on without a result. */
export async function noting<T>(differences: string[], attempt: () => Promise<T>): Promise<T | null> {
  try {
    return await attempt();
  } catch (error) {
    if (!isUpgateError(error, "ERR_UPGATE_TEST_FAILED")) throw error;
    differences.push(error.message);
    return null;
  }
}

export async function onScratch<T>({ scratch }: Bench, use: (place: ScratchPlace) => Promise<T>): Promise<T> {
  const place = await scratch.create();
  try {
    return await use(place);
  } finally {
    await scratch.drop(place);
  }
}
