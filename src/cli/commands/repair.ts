import { Argument, type Command } from "commander";
import { UpgateError } from "../../core/errors.js";
import type { Lease } from "../../core/run.js";
import { orDatabaseError } from "../../upgrade/database-error.js";
import { judgeHolder } from "../../upgrade/judge-holder.js";
import type { RepairAction } from "../../upgrade/migration-checks.js";
import { readRepairables } from "../../upgrade/repair.js";
import { chooseRepairable, type Repairable } from "../../upgrade/repairable.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { operator } from "../operator.js";
import type { Terminal } from "../terminal.js";
import { type Session, verb, withSession } from "../verb.js";

interface RepairOptions {
  readonly yes?: boolean;
}

const ACTIONS = ["accept", "forget", "skip", "restart"] as const satisfies readonly RepairAction[];

export function repairCommand(): Command {
  return verb("repair", "list what is odd about the migrations, and do one named thing about one of them", {
    examples: [
      ["upgate repair", "each problem, the command that repairs it, and what that does; changes nothing"],
      ["upgate repair accept 8.5.0/0001-tax", "its file was edited on purpose: it counts as the applied one"],
      ["upgate repair forget 8.1.0/0003-old", "its file is gone for good: no more warning"],
      ["upgate repair skip 8.4.0/0009-late", "left out by later releases: it counts as applied, without being run"],
      ["upgate repair restart 8.6.0/0002-fill", "you have undone it by hand: the next retry runs it from its very start"],
      ["upgate repair --json | jq -r '.problems[].command'", "the commands alone"],
    ],
    exitCodes: [
      [EXIT.done, "nothing to repair, or repaired"],
      [EXIT.attention, "without an action: there are problems, listed with their commands"],
      [EXIT.held, "an upgrade is in progress: nothing was changed"],
      [EXIT.error, 'refused, or "no" to the question: nothing was changed; or the database can\'t be used'],
    ],
  })
    .addArgument(new Argument("[action]", "what to do").choices(ACTIONS))
    .argument("[migration]", "its name, as the list has it")
    .option("-y, --yes", "no question")
    .hook("preAction", (command) => {
      if (command.args.length === 1) command.error("error: missing required argument 'migration'", { code: "commander.missingArgument" });
    })
    .action(withSession(repair));
}

async function repair(
  session: Session,
  action: RepairAction | undefined,
  migration: string | undefined,
  options: RepairOptions,
): Promise<ExitCode> {
  return action === undefined || migration === undefined ? list(session) : act(session, action, migration, options);
}

async function list(session: Session): Promise<ExitCode> {
  const problems = await readProblems(session);
  const count = `${problems.length} ${problems.length === 1 ? "problem" : "problems"}, of which nothing is repaired by itself:`;
  session.terminal.result(
    { problems },
    problems.length === 0
      ? ["Nothing is to be repaired: files and history agree."]
      : [count, ...problems.flatMap((problem) => problemLines(session.terminal, problem))],
  );
  return problems.length === 0 ? EXIT.done : EXIT.attention;
}

async function act(session: Session, action: RepairAction, migration: string, { yes = false }: RepairOptions): Promise<ExitCode> {
  const { context, upgrader, terminal } = session;
  // One look can't tell whether the process of another machine lives.
  const onWait = ({ holder }: Lease): void => terminal.say(`Looking whether ${holder?.host} (process ${holder?.pid}) is still alive …`);
  if ((await upgrader.state()).kind === "running") await orDatabaseError(() => judgeHolder(context, { onWait }));
  if ((await upgrader.state()).kind === "running") throw await upgrader.holder();
  const chosen = chooseRepairable(await readProblems(session), action, migration);
  if (!yes && !(await confirm(terminal, chosen)))
    throw new UpgateError("ERR_UPGATE_UNCONFIRMED", "Nothing was changed.", { remedy: "Run the command again when you are ready." });
  const { done, ...problem } = await orDatabaseError(() => upgrader.repair(action, chosen.name, operator()));
  const state = await upgrader.state();
  terminal.result({ repaired: problem, done, state }, [done, state.reason]);
  return EXIT.done;
}

function confirm(terminal: Terminal, { name, action, effect }: Repairable): Promise<boolean> {
  terminal.say(`upgate repair ${action} ${effect}.`);
  return terminal.confirm(`Do this for ${name}?`);
}

async function readProblems({ context, upgrader }: Session): Promise<Repairable[]> {
  const state = await upgrader.state();
  if (state.kind === "unknown") throw new UpgateError("ERR_UPGATE_DATABASE", state.reason, { remedy: state.remedy });
  return orDatabaseError(() => readRepairables(context, state.kind === "running" ? null : state.run));
}

function problemLines(terminal: Terminal, { message, command, effect }: Repairable): string[] {
  return ["", `${terminal.paintSeverity("warning", "warning")}  ${message}.`, `  ${terminal.paint("bold", command)}`, `    ${effect}.`];
}
