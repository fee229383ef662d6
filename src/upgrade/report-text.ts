import type { Check } from "../core/check.js";
import { remediesOf } from "../core/remedies.js";
import type { RunReport } from "./report.js";

/** The report as people read it, in an e-mail or a ticket. Lines end with `\n`. */
export function reportText(report: RunReport): string {
  const { run } = report;
  const lines = [
    `Report${report.product === null ? "" : ` of ${report.product}`}, made ${report.createdAt}`,
    "It holds no credentials and no rows of the database.",
    ...section("Versions", versionLines(report)),
    ...section("State", [`${report.state.kind}: ${report.state.reason}`, report.state.remedy]),
    ...(run === null ? [] : section("Run", runLines(report))),
    ...(run?.error ? section("What failed", errorLines(report)) : []),
    ...(run === null ? [] : section("Plan", planLines(run.migrations))),
    ...(report.rehearsal === null ? [] : section("Rehearsal", rehearsalLines(report.rehearsal))),
    ...(report.checks.length === 0
      ? []
      : section(
          "Checks",
          report.checks.flatMap(({ title, checks }) => checkLines(title, checks)),
        )),
    ...(report.statements.length === 0 ? [] : section("Statements, the latest last", report.statements.map(statementLine))),
  ];
  return `${lines.join("\n")}\n`;
}

export function section(title: string, lines: readonly string[]): string[] {
  return ["", title, "-".repeat(title.length), ...lines];
}

export function versionLines({ versions }: Pick<RunReport, "versions">): string[] {
  const { code, files, installed, upgate, node, system, database, driver, knex, express } = versions;
  return [
    `code version       ${code}`,
    `files version      ${files}`,
    `installed version  ${installed ?? "none"}`,
    `upgate             ${upgate}`,
    `Node.js            ${node}`,
    `system             ${system}`,
    `database           ${database ?? "not known"}`,
    `driver             ${driver ?? "not known"}`,
    `knex               ${knex ?? "not known"}`,
    `express            ${express ?? "not known"}`,
  ];
}

function runLines({ run }: RunReport): string[] {
  if (run === null) return [];
  const applied = run.migrations.filter(({ status }) => status === "applied").length;
  return [
    `id          ${run.id}`,
    `kind        ${run.kind}, ${run.fromVersion ?? "nothing"} → ${run.toVersion}`,
    `status      ${run.status}, ${run.percent} %`,
    `started     ${run.startedAt}`,
    `finished    ${run.finishedAt ?? "not yet"}`,
    `applied     ${applied} of ${run.migrations.length}`,
    `backup      ${run.backup === null ? "none" : (run.backup.made?.id ?? run.backup.kind)}`,
    ...(run.passedOver.length === 0 ? [] : [`passed over ${run.passedOver.join("; ")}`]),
  ];
}

function errorLines({ run }: RunReport): string[] {
  const error = run?.error;
  if (!run || !error) return [];
  const hasBackup = run.backup?.made !== undefined;
  const remedies = remediesOf({ ...run, error, hasBackup });
  const statement = error.inDoubt?.statement ?? error.statement;
  return [
    error.message,
    `code        ${error.code}`,
    `migration   ${error.migration ?? "none"}`,
    ...(statement === undefined ? [] : ["statement", ...statement.split("\n").map((line) => `  ${line}`)]),
    ...(error.inDoubt === undefined ? [] : [`in doubt    ${error.inDoubt.why}`]),
    "remedies, the safest first",
    ...remedies.map(({ title, text }, index) => `  ${index + 1}. ${title}. ${text}`),
  ];
}

function planLines(migrations: NonNullable<RunReport["run"]>["migrations"]): string[] {
  if (migrations.length === 0) return ["nothing to apply"];
  return migrations.map(({ name, status, ms, rehearsedMs }) => {
    const took = ms === null ? "" : `, ${ms} ms`;
    return `${status.padEnd(8)}  ${name}${took}${rehearsedMs === undefined ? "" : `, ${rehearsedMs} ms in the rehearsal`}`;
  });
}

function rehearsalLines({ at, status, error, migrations }: NonNullable<RunReport["rehearsal"]>): string[] {
  return [
    `${status} at ${at}${error === null ? "" : `: ${error.message}`}`,
    ...migrations.map(({ name, ms }) => `${name}, ${ms === null ? "not come to" : `${ms} ms`}`),
  ];
}

function checkLines(title: string, checks: readonly Check[]): string[] {
  return checks.map(({ severity, title: check, message }) => `${severity.padEnd(8)} ${title}, ${check}: ${message}`);
}

function statementLine({ sequence, kind, migration, statement, intentAt, doneAt }: RunReport["statements"][number]): string {
  const text = (statement ?? "").replaceAll(/\s+/g, " ");
  return `${String(sequence).padStart(5)}  ${doneAt ?? intentAt ?? ""}  ${kind}  ${migration ?? ""}  ${text}`.trimEnd();
}
