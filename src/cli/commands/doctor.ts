import path from "node:path";
import type { Command } from "commander";
import type { Check, CheckGroup, Severity } from "../../core/check.js";
import { configurationGroup, examine } from "../../upgrade/doctor.js";
import { readHealthReport } from "../../upgrade/health-report.js";
import { healthText } from "../../upgrade/health-text.js";
import { openContext } from "../../upgrade/open-context.js";
import { packageChecks } from "../../upgrade/package-checks.js";
import { resolveSettings } from "../../upgrade/settings.js";
import { Upgrader } from "../../upgrade/upgrader.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { loadConfig } from "../load-config.js";
import { Terminal } from "../terminal.js";
import { type CommonOptions, verb } from "../verb.js";

export function doctorCommand(): Command {
  return verb("doctor", "check everything that an upgrade needs; tries the privileges on a scratch table that it drops again", {
    examples: [
      ["upgate doctor", "before an upgrade, or when something is odd"],
      ["upgate doctor --no-probe", "writes nothing: the privileges are those that were granted, not tried"],
      ["upgate doctor --report > health.txt", "all that System Health tells, for the vendor's support; with --json as JSON"],
      ["upgate doctor --json | jq '.groups[].checks[] | select(.severity != \"ok\")'", "what is worth a look"],
    ],
    exitCodes: [
      [EXIT.done, "no danger; there may be warnings"],
      [EXIT.error, "danger: an upgrade would not work"],
    ],
  })
    .option("--no-probe", "don't try the privileges; read what was granted")
    .option("--report", "print the report of System Health instead: no credentials, no rows; writes nothing")
    .action(doctor);
}

interface DoctorOptions extends CommonOptions {
  readonly probe: boolean;
  readonly report?: boolean;
}

/** Without `withSession`: a configuration that can't be used is a finding here. */
async function doctor({ config, json = false, probe, report = false }: DoctorOptions): Promise<void> {
  const terminal = new Terminal(json);
  if (report) return printReport(terminal, config);
  const groups = await examineAll(terminal, config, probe);
  const count = (severity: Severity): number =>
    groups.flatMap(({ checks }) => checks).filter((check) => check.severity === severity).length;
  const [dangers, warnings] = [count("danger"), count("warning")];
  const width = Math.max(...groups.flatMap(({ checks }) => checks.map((check) => check.title.length))) + 2;
  terminal.result({ dangers, warnings, groups }, [
    ...groups.flatMap((group) => [...groupLines(terminal, group, width), ""]),
    summary(terminal, dangers, warnings),
  ]);
  const exit: ExitCode = dangers > 0 ? EXIT.error : EXIT.done;
  process.exitCode = exit;
}

/** Also while the site is closed, and its page with it. */
async function printReport(terminal: Terminal, config: string | undefined): Promise<void> {
  const context = openContext(resolveSettings({ ...(await loadConfig(config)), logger: terminal.logger }));
  try {
    const health = await readHealthReport(context, await new Upgrader(context).state(), null, null);
    terminal.result(health, healthText(health).trimEnd().split("\n"));
    const exit: ExitCode = health.severity === "danger" ? EXIT.error : EXIT.done;
    process.exitCode = exit;
  } finally {
    await context.store.close();
  }
}

async function examineAll(terminal: Terminal, config: string | undefined, probe: boolean): Promise<CheckGroup[]> {
  let context;
  try {
    context = openContext(resolveSettings({ ...(await loadConfig(config)), logger: terminal.logger }));
  } catch (error) {
    const folder = config === undefined ? process.cwd() : path.dirname(path.resolve(config));
    return [configurationGroup(error), { title: "Packages", checks: packageChecks(folder, null, false) }];
  }
  try {
    return await examine(context, { probe });
  } finally {
    await context.store.close();
  }
}

function groupLines(terminal: Terminal, { title, checks }: CheckGroup, width: number): string[] {
  return [
    terminal.paint("bold", title),
    ...checks.flatMap((check) => [
      `  ${terminal.paintSeverity(check.severity, wordOf(check).padEnd(9))}${check.title.padEnd(width)}${check.message}`,
      ...(check.remedy === null ? [] : [`${" ".repeat(11 + width)}→ ${check.remedy}`]),
    ]),
  ];
}

function wordOf({ severity, blocking = false }: Check): string {
  return blocking ? "blocks" : severity;
}

function summary(terminal: Terminal, dangers: number, warnings: number): string {
  const some = (number: number, one: string): string => `${number} ${one}${number === 1 ? "" : "s"}`;
  const text = `${dangers === 0 ? "no danger" : some(dangers, "danger")}, ${warnings === 0 ? "no warnings" : some(warnings, "warning")}`;
  return terminal.paintSeverity(dangers > 0 ? "danger" : warnings > 0 ? "warning" : "ok", text);
}
