import { compareSchemas } from "../core/schema.js";
import { compareContents } from "../store/contents.js";
import { boundariesOf, spreadKills } from "./boundaries.js";
import type { KillStop } from "./child.js";
import { runToKill } from "./kill.js";
import { describePlace, type KillPlace, placeOf } from "./kill-place.js";
import { noting } from "./noting.js";
import { type Bench, type LaidDownRelease, layDown, onScratch, type Outcome, readOutcome, resume } from "./scratch-release.js";
import type { ScratchPlace } from "../store/scratch-place.js";

/** Where processes are killed: between two migrations, or at every moment at which they may die with another outcome. */
export type KillAt = "every-migration" | "every-statement";

export interface KillReport {
  /** For people: `after 8.6.1/0001-tax`, or `in 8.6.1/0001-tax, sent, not answered (alter table …)`. */
  readonly at: string;
  readonly place: KillPlace;
  /** True when the run was completed afterwards, with the same structure and rows as without the kill. */
  readonly resumed: boolean;
}

export interface KillOptions {
  readonly killAt: KillAt;
  /** At most so many, spread evenly; undefined: all. */
  readonly kills: number | undefined;
  readonly execArgv: readonly string[];
}

export interface KillTrials extends KillOptions {
  readonly bench: Bench;
  readonly from: string | LaidDownRelease;
  /** Names of the migrations, in order. */
  readonly plan: readonly string[];
  readonly undisturbed: Outcome;
  /** Filled with a sentence for each thing that is not as it should be. */
  readonly differences: string[];
}

/** One that is to be tried. */
interface Candidate {
  readonly stop: KillStop;
  /** Null: the process itself tells where it stands. */
  readonly place: KillPlace | null;
  readonly label: string;
}

/** Upgrades the release once for each kill; resolves with those that hit. Only the bench's own errors reject. */
export async function tryKills(trials: KillTrials): Promise<KillReport[]> {
  const { killAt, kills, differences } = trials;
  if (kills === 0) return [];
  const all = killAt === "every-migration" ? boundaryCandidates(trials.plan) : await noting(differences, () => momentCandidates(trials));
  const reports: KillReport[] = [];
  for (const candidate of spreadKills(all ?? [], kills)) {
    const found: string[] = [];
    const place = await tryKill(trials, candidate, found);
    const at = place === null ? candidate.label : describePlace(place);
    if (place !== null) reports.push({ at, place, resumed: found.length === 0 });
    differences.push(...found.map((difference) => `killed ${at}: ${difference}`));
  }
  return reports;
}

function boundaryCandidates(plan: readonly string[]): Candidate[] {
  return boundariesOf(plan).map(({ after, before }) => {
    const place = { kind: "migration", after } as const;
    return { stop: { kind: "before-migration", name: before }, place, label: describePlace(place) };
  });
}

/** An upgrade that nobody disturbs tells how many there are. */
async function momentCandidates(trials: KillTrials): Promise<Candidate[]> {
  const word = await onScratch(trials.bench, async (scratch) => {
    await layDown(trials.bench, scratch, trials.from);
    return kill(trials, scratch, { kind: "never" });
  });
  const moments = word.kind === "completed" ? word.moments : 0;
  return Array.from({ length: moments }, (_, index) => ({
    stop: { kind: "moment", number: index + 1 },
    place: null,
    label: `at moment ${index + 1} of ${moments}`,
  }));
}

/**
 * Where the process was killed. Null where it was not: it has failed, or completed the upgrade, because batches and commits go
 * by the clock, and one upgrade has fewer of them than the next.
 */
async function tryKill(trials: KillTrials, { stop, place: expected }: Candidate, found: string[]): Promise<KillPlace | null> {
  const { bench, from } = trials;
  return onScratch(bench, async (scratch) => {
    let place: KillPlace | null = null;
    await noting(found, async () => {
      await layDown(bench, scratch, from);
      const word = await kill(trials, scratch, stop);
      if (word.kind === "completed") return;
      place = word.moment === null ? expected : placeOf(word.moment);
      await resume(bench, scratch);
      found.push(...compared(await readOutcome(bench, scratch), trials.undisturbed));
    });
    return place;
  });
}

function kill({ bench, execArgv }: KillTrials, place: ScratchPlace, stop: KillStop): ReturnType<typeof runToKill> {
  const { config, address, scratch } = bench;
  const { version, configFile } = config;
  return runToKill({ configFile: String(configFile), version, place, address, dataDir: scratch.folder, stop }, execArgv);
}

function compared(resumed: Outcome, undisturbed: Outcome): string[] {
  const places = ["after the resumed run", "after an undisturbed one"] as const;
  return [
    ...compareSchemas(resumed.schema, undisturbed.schema, places),
    ...compareContents(resumed.contents, undisturbed.contents, places),
  ];
}
