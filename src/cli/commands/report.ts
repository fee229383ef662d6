import { writeFileSync } from "node:fs";
import { type Command, Option } from "commander";
import { UpgateError } from "../../core/errors.js";
import { orAbsent } from "../../store/driver-errors.js";
import { readRun } from "../../store/runs.js";
import { orDatabaseError } from "../../upgrade/database-error.js";
import { readReport } from "../../upgrade/report.js";
import { reportText } from "../../upgrade/report-text.js";
import { readRunProgress, type RunProgress } from "../../upgrade/status.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { type Session, verb, withSession } from "../verb.js";

interface ReportOptions {
  readonly format: "text" | "json";
  readonly output?: string;
  readonly json?: boolean;
}

export function reportCommand(): Command {
  return verb("report", "print a run for the vendor's support: no credentials, no rows", {
    examples: [
      ["upgate report", "the run under way, or the last one"],
      ["upgate report 20261122T131402-9f2c4e1a", "another one; upgate history lists them"],
      ["upgate report --output report.txt", "into a file"],
      ["upgate report --format json | jq .run.error", "why it failed"],
    ],
    exitCodes: [
      [EXIT.done, "printed"],
      [EXIT.error, "the options, the configuration file or the database can't be used, or there is no such run"],
    ],
  })
    .argument("[run]", "id of the run (default: the one under way, or the last one)")
    .addOption(new Option("--format <format>", "how it is printed").choices(["text", "json"]).default("text"))
    .option("-o, --output <file>", "write it into this file, mode 0600")
    .action(withSession(report));
}

async function report({ context, upgrader, terminal }: Session, id: string | undefined, options: ReportOptions): Promise<ExitCode> {
  const state = await upgrader.state();
  const run = await orDatabaseError(async () =>
    id === undefined ? (await upgrader.statusOf(state)).run : await readNamed(context.store, state, id),
  );
  const read = await readReport(context, state, run, { trouble: null, isPoolKnown: true });
  // What only a process of the application knows of itself.
  const checks = read.checks.map((group) => ({ ...group, checks: group.checks.filter((check) => check.id !== "connections") }));
  const body = { ...read, checks };
  const asJson = options.json === true || options.format === "json";
  const text = asJson ? `${JSON.stringify(body, null, 2)}\n` : reportText(body);
  if (options.output === undefined) process.stdout.write(text);
  else {
    writeFileSync(options.output, text, { mode: 0o600 });
    terminal.say(`Written: ${options.output}`);
  }
  return EXIT.done;
}

async function readNamed(
  store: Session["context"]["store"],
  state: Parameters<typeof readRunProgress>[1],
  id: string,
): Promise<RunProgress> {
  const run = await orAbsent(() => readRun(store.knex, id), null);
  const progress = run && (await readRunProgress(store, state, run));
  if (progress) return progress;
  throw new UpgateError("ERR_UPGATE_RUN_UNKNOWN", `There is no run ${id} in ${store.source.label}.`, {
    remedy: "The command upgate history lists the runs.",
  });
}
