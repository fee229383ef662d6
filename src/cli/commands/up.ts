import { Command, InvalidArgumentError } from "commander";
import { isUpgateError } from "../../core/errors.js";
import { openContext } from "../../upgrade/open-context.js";
import type { RunResult } from "../../upgrade/runner.js";
import { resolveSettings } from "../../upgrade/settings.js";
import { Upgrader } from "../../upgrade/upgrader.js";
import { loadConfig } from "../load-config.js";

interface UpOptions {
  readonly config?: string;
  readonly yes?: boolean;
  readonly run?: string;
  readonly token?: number;
}

/** Exit codes: 0 installed, 1 an error before or without a run, 3 the run failed, 4 the run was lost to another process. */
export function upCommand(): Command {
  return new Command("up")
    .description("upgrade (or install) the database to the release of the files")
    .option("-c, --config <file>", "the configuration file")
    .option("-y, --yes", "you have a backup and agree to the licence")
    .option("--run <id>", "carry out a run that was started elsewhere (used by the wizard)")
    .option("--token <n>", "the lease's token of that run", parseToken)
    .action(up);
}

async function up(options: UpOptions): Promise<void> {
  const context = openContext(resolveSettings(await loadConfig(options.config)));
  const upgrader = new Upgrader(context);
  try {
    const result =
      options.run !== undefined && options.token !== undefined
        ? await upgrader.execute(options.run, options.token)
        : await startHere(upgrader, options);
    if (result) process.exitCode = exitCode(result);
  } catch (error) {
    if (!isUpgateError(error, "ERR_UPGATE_LEASE_LOST")) throw error;
    console.error(`${error.code}: ${error.message}`);
    process.exitCode = LOST;
  } finally {
    await context.store.close();
  }
}

async function startHere(upgrader: Upgrader, { yes }: UpOptions): Promise<RunResult | null> {
  const { state } = await upgrader.status();
  if (state.kind === "current") {
    console.log(`You are up to date! (${state.codeVersion})`);
    return null;
  }
  if (!yes) throw new Error("Say --yes when you have a backup and agree to the licence.");
  const run =
    state.kind === "interrupted"
      ? await upgrader.resume({ where: "here" })
      : state.kind === "failed"
        ? await upgrader.retry({ where: "here" })
        : await upgrader.start({ where: "here", backup: { kind: "own", address: "cli" } });
  return run.finished;
}

const LOST = 4;

function exitCode({ status }: RunResult): number {
  return status === "completed" ? 0 : status === "failed" ? 3 : LOST;
}

function parseToken(text: string): number {
  const token = Number(text);
  if (!Number.isSafeInteger(token) || token < 1) throw new InvalidArgumentError("must be a whole number");
  return token;
}
