import { configFileOf } from "../core/config-file.js";
import { type OptionProblem, UpgateError } from "../core/errors.js";
import { Checker } from "../core/option-checker.js";
import { refuseProblems } from "../core/check-options.js";
import type { UpgateOptions } from "../core/options.js";
import type { Logger } from "../core/ports.js";
import { codeVersionProblem, compareVersions } from "../core/version.js";
import { inheritedArguments } from "../upgrade/launcher.js";
import type { KillAt } from "./kill-trials.js";
import { noting } from "./noting.js";
import { type ReleaseReport, tryRelease } from "./release-trial.js";
import { ScratchDatabases } from "./scratch-databases.js";
import { settingsOf } from "./scratch-options.js";
import { type Bench, install, type LaidDownRelease, onScratch, readOutcome, type Seed } from "./scratch-release.js";

export interface TestUpgradeOptions {
  /** The application's options, as `defineConfig` returned them, or any with `configFile`. */
  config: UpgateOptions;
  /**
   * The releases to upgrade from, each up to the code version: a version is laid down by this project's own migrations; with
   * `layDown` by the vendor, and the version row and the history are added where it left none.
   */
  from: readonly (string | LaidDownRelease)[];
  /** Puts rows into a database that was laid down by migrations; the same each time. */
  seed?: Seed;
  /** Address used for the scratch databases instead of `config.database`: `mysql://user:password@host:3306/` or `sqlite:./any.db`. */
  database?: string;
  /**
   * Where the process is killed: between two migrations (`every-migration`, the default), or at every moment at which it may die
   * with another outcome (`every-statement`): up to five for each statement.
   */
  killAt?: KillAt;
  /** At most so many kills for each release, spread evenly over these places; 0: none. Default: at all of them. */
  kills?: number;
  /** `table` or `table.column` whose rows a killed and an undisturbed upgrade may have different, such as random tokens. */
  ignoreContents?: readonly string[];
  /** Node's own arguments for the process to be killed. Default: this process's, without those of a test runner or debugger. */
  execArgv?: readonly string[];
  /** Default: silence. */
  logger?: Logger;
}

/** What the test did, for a test to look at or to print. */
export interface TestUpgradeReport {
  readonly releases: readonly ReleaseReport[];
}

const NAMES = [
  "config",
  "from",
  "seed",
  "database",
  "killAt",
  "kills",
  "ignoreContents",
  "execArgv",
  "logger",
] as const satisfies readonly (keyof TestUpgradeOptions)[];

const silent: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * Upgrades each release in a scratch database and compares its structure with a fresh installation's; then again with a real
 * process killed by SIGKILL, resumed, and compared with the undisturbed upgrade in structure and rows.
 * The database that the options name is never touched; the scratch ones are dropped whatever happens. Rejects with
 * `ERR_UPGATE_TEST_FAILED` naming all that is wrong, with `ERR_UPGATE_OPTIONS`, or with `ERR_UPGATE_DATABASE` when scratch
 * databases can't be made.
 */
export async function testUpgrade(options: TestUpgradeOptions): Promise<TestUpgradeReport> {
  const configFile = options.config?.configFile ?? (options.config ? configFileOf(options.config) : null);
  refuseProblems(problemsOf(options, configFile !== null));
  const { from, seed = null, database = null, killAt = "every-migration", kills, ignoreContents = [], logger = silent } = options;
  const config = { ...options.config, ...(configFile === null ? {} : { configFile }) };
  const execArgv = options.execArgv ?? inheritedArguments(process.execArgv);
  const scratch = new ScratchDatabases(settingsOf(config, database).database);
  const contents = { ignored: new Set(ignoreContents), sinceMs: Date.now() };
  const bench: Bench = { config, address: database, scratch, logger, seed, contents };
  const releases: ReleaseReport[] = [];
  try {
    const wrong: string[] = [];
    const fresh = await noting(wrong, () =>
      onScratch(bench, async (place) => {
        await install(bench, place, config.version);
        return readOutcome(bench, place);
      }),
    );
    if (fresh) for (const release of from) releases.push(await tryRelease(bench, release, { killAt, kills, execArgv, fresh }));
    for (const { from: version, differences } of releases) wrong.push(...differences.map((difference) => `from ${version}: ${difference}`));
    refuseDifferences(config.version, wrong);
  } finally {
    await scratch.close();
  }
  return { releases };
}

function refuseDifferences(version: string, wrong: readonly string[]): void {
  if (wrong.length === 0) return;
  const lines = wrong.map((line) => `  ${line}`).join("\n");
  throw new UpgateError("ERR_UPGATE_TEST_FAILED", `The upgrade to ${version} does not pass its test:\n${lines}`);
}

function problemsOf(options: TestUpgradeOptions, hasFile: boolean): readonly OptionProblem[] {
  const checker = new Checker("", options as unknown as Record<string, unknown>);
  checker.known(NAMES);
  const { config, from, killAt = "every-migration", kills } = options;
  if (typeof config !== "object" || config === null) checker.problem("config", "must be what defineConfig() returned");
  if (!Array.isArray(from) || from.length === 0) checker.problem("from", "must be an array of at least one release");
  else from.forEach((release, index) => checkRelease(checker, `from[${index}]`, release as string | LaidDownRelease, config?.version));
  if (killAt !== "every-migration" && killAt !== "every-statement")
    checker.problem("killAt", `must be "every-migration" or "every-statement", got ${JSON.stringify(killAt)}`);
  if (kills !== undefined && !(Number.isInteger(kills) && kills >= 0))
    checker.problem("kills", `must be a whole number, got ${JSON.stringify(kills)}`);
  if (kills !== 0 && !hasFile)
    checker.problem("config", "has no configFile, which the process to be killed reads; name the file, or set kills: 0");
  return checker.problems;
}

function checkRelease(checker: Checker, name: string, release: string | LaidDownRelease, codeVersion: string): void {
  const version = typeof release === "string" ? release : release?.version;
  const problem = codeVersionProblem(version);
  if (problem) return checker.problem(name, problem);
  if (codeVersionProblem(codeVersion) === null && compareVersions(version, codeVersion) > 0)
    checker.problem(name, `must not be later than the code version ${codeVersion}, got ${version}`);
  if (typeof release !== "string" && typeof release.layDown !== "function") checker.problem(`${name}.layDown`, "must be a function");
}
