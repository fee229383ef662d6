import { type Command, InvalidArgumentError } from "commander";
import { isUpgateError, UpgateError } from "../../core/errors.js";
import { doubtOf } from "../../core/in-doubt.js";
import type { MadeBackup } from "../../core/run.js";
import type { RunOptions } from "../../upgrade/run-requests.js";
import type { VersionState } from "../../core/version-state.js";
import { notNow } from "../../upgrade/drafts.js";
import { blockedStart } from "../../upgrade/preflight.js";
import { carryOut, stoppable } from "../carry-out.js";
import { drainOf, drainOption, type DrainOptions } from "../drain.js";
import { EXIT } from "../exit-codes.js";
import { follow } from "../follow.js";
import { remedyLines } from "../next-verb.js";
import { operator } from "../operator.js";
import { type Session, verb, withSession } from "../verb.js";

interface UpOptions extends DrainOptions {
  readonly yes?: boolean;
  readonly wait: boolean;
  readonly hold?: boolean;
  readonly backup?: boolean;
  readonly ignoreChecks?: boolean;
  readonly run?: string;
  readonly token?: number;
}

export function upCommand(): Command {
  return verb("up", "upgrade (or install) the database to the release of the files; goes on with what was interrupted", {
    examples: [
      ["upgate up", "asks about licence and backup"],
      ["upgate up --yes --backup", "for scripts: makes a backup first and proves it; you agree to the licence"],
      ["upgate up --yes", "for scripts: you have a backup and agree to the licence"],
      ["upgate up --yes --json | jq .result", '"completed", "up-to-date", "failed" or "interrupted"'],
    ],
    exitCodes: RUN_EXIT_CODES,
  })
    .option("-y, --yes", "no questions: you have a backup and agree to the licence")
    .option("--backup", "make a backup when the site is closed, and prove it, before anything is changed")
    .addOption(drainOption())
    .option("--hold", "keep the site closed to visitors afterwards, until upgate open")
    .option("--ignore-checks", "start although checks block; which they were is kept with the run")
    .option("--no-wait", "leave at once when another process is upgrading")
    .option("--run <id>", "carry out a run that was started elsewhere (used by the wizard)")
    .option("--token <n>", "the lease's token of that run", parseToken)
    .action(withSession(up, (command) => command.opts<UpOptions>().run !== undefined));
}

export const RUN_EXIT_CODES = [
  [EXIT.done, "the release is installed, or was already"],
  [EXIT.error, "an error before the run began; nothing was changed"],
  [EXIT.failed, "the run failed: read the reason, then upgate retry; in doubt: upgate resume --in-doubt=…"],
  [EXIT.held, "another process holds the upgrade, or has taken it over"],
  [EXIT.stopped, "stopped by Ctrl-C after a statement: go on with upgate resume"],
] as const;

async function up(session: Session, options: UpOptions): Promise<number> {
  const { run, token } = options;
  return run !== undefined && token !== undefined ? execute(session, run, token) : upgrade(session, options);
}

/** The wizard's runner: its output is a log. */
function execute({ upgrader }: Session, run: string, token: number): Promise<number> {
  return stoppable(console.error, async (stop) => {
    const { status } = await upgrader.execute(run, token, stop);
    return status === "completed" ? EXIT.done : status === "failed" ? EXIT.failed : EXIT.held;
  });
}

async function upgrade(session: Session, options: UpOptions): Promise<number> {
  const { upgrader, terminal } = session;
  const state = await upgrader.state();
  switch (state.kind) {
    case "current":
      terminal.result({ result: "up-to-date", state, run: null }, [`You are up to date! (${state.codeVersion})`]);
      return EXIT.done;
    case "held":
      terminal.result({ result: "up-to-date", state, run: null }, [state.reason, ...remedyLines(state)]);
      return EXIT.done;
    case "running":
      return waitForOther(session, options);
    case "interrupted":
      return orWait(session, options, state, () =>
        carryOut(session, (signal) => upgrader.resume({ where: "here", signal, by: operator(), ...drainOf(options) })),
      );
    case "failed":
      // What only a look into the database can answer is never answered by a script that calls up.
      if (doubtOf(state) !== null) return tellFailed(session, state);
      return orWait(session, options, state, () =>
        carryOut(session, (signal) => upgrader.retry({ where: "here", signal, by: operator(), ...drainOf(options), ...vouching(options) })),
      );
    case "fresh":
    case "behind":
      return orWait(session, options, state, () => start(session, options, state));
    case "unversioned":
      // The application may have been faster.
      if ((await upgrader.adopt()) || (await upgrader.state()).kind !== "unversioned") return upgrade(session, options);
      throw notNow(state);
    case "unknown":
    case "ahead":
    case "restart":
    case "unsupported":
    case "altered":
      throw notNow(state);
  }
}

async function start(session: Session, { yes = false, ...options }: UpOptions, state: VersionState): Promise<number> {
  const { upgrader } = session;
  const isInstallation = state.kind === "fresh";
  const ignoreChecks = options.ignoreChecks ?? false;
  await passChecks(session, ignoreChecks);
  const made = (options.backup ?? false) ? undefined : await madeBackup(session, state);
  let makesBackup = options.backup ?? false;
  if (!yes) makesBackup = await ask(session, state, { isInstallation, hasBackup: made !== undefined, makesBackup });
  const license = await session.context.settings.release.license();
  if (license) await upgrader.acceptLicense(license.hash);
  await upgrader.markReviewed();
  const which = made ? ({ kind: "made", id: made.id } as const) : ({ kind: makesBackup ? "wanted" : "own" } as const);
  const backup = isInstallation ? {} : { backup: { ...which, address: "cli" } };
  const hold = options.hold ?? false;
  const ignoring = ignoreChecks ? { ignoreChecks: { address: "cli" } } : {};
  return carryOut(session, (signal) =>
    upgrader.start({ ...backup, ...ignoring, hold, where: "here", signal, by: operator(), ...drainOf(options) }),
  );
}

/** Before anything is asked. Throws `ERR_UPGATE_PREFLIGHT`. */
async function passChecks({ upgrader, terminal }: Session, ignores: boolean): Promise<void> {
  const blocking = await upgrader.preflight();
  if (blocking.length > 0 && !ignores) throw blockedStart(blocking);
  for (const { title, message } of blocking) terminal.say(`Ignored: ${title}: ${message}`);
}

/** With `--yes` the operator says to have a backup, also when the one that upgate was to make could not be made. */
function vouching({ yes = false, backup = false }: UpOptions): Pick<RunOptions, "insteadOfBackup"> {
  return yes && !backup ? { insteadOfBackup: { address: "cli" } } : {};
}

/** The one that the wizard has made for this very upgrade: the site has been closed since. */
async function madeBackup({ upgrader }: Session, { run }: VersionState): Promise<MadeBackup | undefined> {
  return run?.status === "draft" ? (await upgrader.draft()).backup?.made : undefined;
}

interface Asking {
  readonly isInstallation: boolean;
  readonly hasBackup: boolean;
  readonly makesBackup: boolean;
}

/** Whether upgate is to make a backup. */
async function ask(
  { context, terminal }: Session,
  { reason, pending }: VersionState,
  { isInstallation, hasBackup, makesBackup }: Asking,
): Promise<boolean> {
  terminal.say(reason);
  for (const name of pending) terminal.say(`  ${name}`);
  const { license } = context.settings.release.paths;
  if (license !== null) await insist(terminal.confirm(`Do you agree to the licence, ${license}?`));
  if (license === null && isInstallation) await insist(terminal.confirm("Install it now?"));
  if (isInstallation || hasBackup || makesBackup) return makesBackup;
  if (await terminal.confirm("Do you have a backup of the database?")) return false;
  await insist(terminal.confirm("Shall one be made, as soon as the site is closed?"));
  return true;
}

async function insist(answer: Promise<boolean>): Promise<void> {
  if (!(await answer))
    throw new UpgateError("ERR_UPGATE_UNCONFIRMED", "Nothing was changed.", { remedy: "Run the command again when you are ready." });
}

/** The loser of a race does not fail: what it wanted is being done. */
async function orWait(session: Session, options: UpOptions, chosenIn: VersionState, act: () => Promise<number>): Promise<number> {
  try {
    return await act();
  } catch (error) {
    if (isUpgateError(error, "ERR_UPGATE_LEASE_HELD") && options.wait) return waitForOther(session, options);
    // Another process was faster than the look at the state.
    if (isUpgateError(error, "ERR_UPGATE_STATE") && (await session.upgrader.state()).kind !== chosenIn.kind)
      return upgrade(session, options);
    throw error;
  }
}

async function waitForOther(session: Session, options: UpOptions): Promise<number> {
  const { upgrader, terminal } = session;
  const holder = await upgrader.holder();
  if (!options.wait) throw holder;
  terminal.say(`${holder.message} Waiting for it …`);
  const state = await follow(session);
  return state.kind === "failed" ? tellFailed(session, state) : upgrade(session, options);
}

async function tellFailed({ upgrader, terminal }: Session, state: VersionState): Promise<number> {
  const { run } = await upgrader.statusOf(state);
  terminal.result({ result: "failed", state, run }, [terminal.paint("red", state.reason), ...remedyLines(state)]);
  return EXIT.failed;
}

function parseToken(text: string): number {
  const token = Number(text);
  if (!Number.isSafeInteger(token) || token < 1) throw new InvalidArgumentError("must be a whole number");
  return token;
}
