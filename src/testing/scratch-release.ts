import type { Knex } from "knex";
import { isUpgateError, messageOf, UpgateError } from "../core/errors.js";
import type { UpgateOptions } from "../core/options.js";
import type { Logger } from "../core/ports.js";
import type { Schema } from "../core/schema.js";
import { compareVersions } from "../core/version.js";
import { connectHost } from "../store/connect.js";
import { type ContentsOptions, readContents, type TableContents } from "../store/contents.js";
import { readSchema } from "../store/schema.js";
import { ensureTables } from "../store/tables.js";
import { recordBaseline } from "../upgrade/baseline.js";
import type { UpgradeContext } from "../upgrade/context.js";
import type { StartedRun } from "../upgrade/run-requests.js";
import { openContext } from "../upgrade/open-context.js";
import { resolveSettings } from "../upgrade/settings.js";
import { StateReader } from "../upgrade/state-reader.js";
import { Upgrader } from "../upgrade/upgrader.js";
import type { ScratchDatabases } from "./scratch-databases.js";
import type { ScratchPlace } from "../store/scratch-place.js";
import { scratchOptions } from "./scratch-options.js";

/** A release to upgrade from that the vendor lays down: with its own snapshot, by its own code. */
export interface LaidDownRelease {
  readonly version: string;
  /** Fills an empty database with what the release left behind; the same each time. The host's knex, on the scratch database. */
  layDown(knex: Knex): Promise<unknown> | unknown;
  /** The last migration that the release had, by its name in the history: where all lie in one folder, nothing else tells. */
  readonly through?: string;
}

export type Seed = (knex: Knex, version: string) => Promise<unknown> | unknown;

/** What every step of a test needs. */
export interface Bench {
  /** With `configFile`, where there is one. */
  readonly config: UpgateOptions;
  readonly address: string | null;
  readonly scratch: ScratchDatabases;
  readonly logger: Logger;
  readonly seed: Seed | null;
  readonly contents: ContentsOptions;
}

/** Structure and rows at the end of a run, without the bookkeeping of upgate and of knex's own migrator. */
export interface Outcome {
  readonly schema: Schema;
  readonly contents: readonly TableContents[];
}

/** Installs the release by its migrations. The manifest does not count: it speaks of upgrades. */
export async function install(bench: Bench, place: ScratchPlace, version: string): Promise<void> {
  const { release: _manifest, ...config } = bench.config;
  await withContext({ ...bench, config: { ...config, version } }, place, (context) =>
    finish(`the installation of ${version}`, () => new Upgrader(context).start({ where: "here" })),
  );
}

export async function layDown(bench: Bench, place: ScratchPlace, from: string | LaidDownRelease): Promise<void> {
  const { seed } = bench;
  if (typeof from === "string") {
    await withContext(bench, place, (context) => refuseUnknown(context, from));
    await install(bench, place, from);
    if (seed) await byHost(bench, place, "seed", (knex) => seed(knex, from));
  } else {
    await byHost(bench, place, "layDown", (knex) => from.layDown(knex));
    await withContext(bench, place, (context) => recordMissing(context, from));
  }
}

/** Upgrades in this process; resolves with the names of the migrations that were applied, in order. */
export async function upgrade(bench: Bench, place: ScratchPlace): Promise<string[]> {
  return withContext(bench, place, async (context) => {
    const upgrader = new Upgrader(context);
    const plan = await upgrader.plan();
    const { state } = await upgrader.status();
    if (state.kind === "current") return [];
    await finish("the upgrade", () => upgrader.start({ where: "here", backup: { kind: "own", address: "test" } }));
    return plan.map(({ name }) => name);
  });
}

export async function resume(bench: Bench, place: ScratchPlace): Promise<void> {
  await withContext(bench, place, (context) => finish("the resumed run", () => new Upgrader(context).resume({ where: "here" })));
}

export async function readOutcome(bench: Bench, place: ScratchPlace): Promise<Outcome> {
  return withContext(bench, place, async ({ store: { knex, dialect }, settings }) => {
    const found = await readSchema(knex, dialect);
    const ofKnex = [settings.knexTable, `${settings.knexTable}_lock`];
    const schema = { ...found, tables: found.tables.filter(({ name }) => !ofKnex.includes(name)) };
    return { schema, contents: await readContents(knex, schema.tables, bench.contents) };
  });
}

export async function onScratch<T>({ scratch }: Bench, use: (place: ScratchPlace) => Promise<T>): Promise<T> {
  const place = await scratch.create();
  try {
    return await use(place);
  } finally {
    await scratch.drop(place);
  }
}

async function withContext<T>(bench: Bench, place: ScratchPlace, use: (context: UpgradeContext) => Promise<T>): Promise<T> {
  const { config, address, scratch, logger } = bench;
  const context = openContext(resolveSettings(scratchOptions(config, { place, address, dataDir: scratch.folder, logger })));
  try {
    return await use(context);
  } finally {
    await context.store.close();
  }
}

/** A flat folder's files all belong to the code version, and old releases' may have been dropped. */
async function refuseUnknown({ settings }: UpgradeContext, version: string): Promise<void> {
  const { files } = await settings.release.read();
  if (files.some((file) => compareVersions(file.version, version) <= 0)) return;
  const message = `no migration belongs to it or an earlier release, so it can't be laid down; give { version: "${version}", layDown }.`;
  throw new UpgateError("ERR_UPGATE_TEST_FAILED", message);
}

/** The version row and the history as the release would have left them, unless what was laid down brought them along. */
async function recordMissing(context: UpgradeContext, { version, through }: LaidDownRelease): Promise<void> {
  const reading = await new StateReader(context).read();
  const { state, history } = reading;
  if (state.installedVersion !== null && state.installedVersion !== version) {
    const message = `layDown left the version row at ${state.installedVersion}.`;
    throw new UpgateError("ERR_UPGATE_TEST_FAILED", message);
  }
  if (state.installedVersion !== null && history.origin !== "untold") return;
  await ensureTables(context.store);
  await recordBaseline(context, reading, version, through === undefined ? {} : { through }).catch((cause: unknown) => {
    throw isUpgateError(cause, "ERR_UPGATE_STATE") ? new UpgateError("ERR_UPGATE_TEST_FAILED", cause.message, { cause }) : cause;
  });
}

async function byHost(bench: Bench, place: ScratchPlace, what: string, use: (knex: Knex) => unknown): Promise<void> {
  await withContext(bench, place, async ({ settings }) => {
    const knex = connectHost(settings.database);
    try {
      await use(knex);
    } catch (cause) {
      throw new UpgateError("ERR_UPGATE_TEST_FAILED", `${what} failed: ${messageOf(cause)}`, { cause });
    } finally {
      await knex.destroy();
    }
  });
}

/** Has the run begun and waits for its end. Throws `ERR_UPGATE_TEST_FAILED` unless it was completed. */
async function finish(what: string, begin: () => Promise<StartedRun>): Promise<void> {
  const run = await begin().catch((cause: unknown) => {
    if (!isUpgateError(cause, "ERR_UPGATE_STATE")) throw cause;
    throw new UpgateError("ERR_UPGATE_TEST_FAILED", `${what} can't begin: ${cause.message}`, { cause });
  });
  const { status, error } = await run.finished;
  if (status === "completed") return;
  const advice = ADVICE[error?.code ?? ""] ?? "";
  throw new UpgateError("ERR_UPGATE_TEST_FAILED", `${what} ended as ${status}: ${error?.message ?? ""} ${advice}`.trim());
}

/** For the vendor, where the catalogue's remedy is for operators. By error code. */
const ADVICE: Readonly<Record<string, string>> = {
  ERR_UPGATE_IN_DOUBT:
    "Let the migration export verify(knex, inDoubt), which looks whether the statement was carried out; or do without that statement.",
  ERR_UPGATE_DIVERGED:
    "Take values made by chance or elsewhere from ctx.step, which gives the same ones again; change rows that are read by the thousand with ctx.backfill.",
};
