import { type Check, SEVERITIES } from "../core/check.js";
import { sizeOf } from "../core/size.js";
import type { HealthReport } from "./health-report.js";
import type { NodeReport } from "./health-nodes.js";
import type { HealthRun } from "./health-runs.js";
import { section, versionLines } from "./report-text.js";

/** Columns. */
const WIDTH = 80;

/** The report as people read it, in an e-mail or a ticket: at most 80 columns, but for words that are longer. Lines end with `\n`. */
export function healthText(report: HealthReport): string {
  const { product, generatedAt, state, counts, groups, nodes, runs, versions, settings } = report;
  const pressing = groups.flatMap(({ title, checks }) =>
    checks.filter(({ severity }) => severity === "danger" || severity === "warning").map((check) => ({ title, check })),
  );
  const lines = [
    `System Health${product === null ? "" : ` of ${product}`}, ${generatedAt}`,
    "It holds no credentials and no rows of the database.",
    "",
    `State: ${state.kind}. ${state.reason}`,
    SEVERITIES.map((severity) => `${counts[severity]} ${severity}`).join(", "),
    ...(pressing.length === 0
      ? []
      : section(
          "To be looked at",
          ranked(pressing).flatMap(({ title, check }) => checkLines(check, `${title}: `)),
        )),
    ...(versions === null ? [] : section("Versions", versionLines({ versions }))),
    ...groups.flatMap(({ title, checks }) =>
      section(
        title,
        checks.flatMap((check) => checkLines(check)),
      ),
    ),
    ...section("Running processes", nodes === null ? ["could not be read"] : nodes.length === 0 ? ["none"] : nodes.flatMap(nodeLines)),
    ...section("Last backup", backupLines(report.backup)),
    ...section("Last runs", runs === null ? ["could not be read"] : runs.length === 0 ? ["none"] : runs.flatMap(runLines)),
    ...section(
      "Settings",
      Object.entries(settings).map(([name, value]) => `${name.padEnd(16)} ${value}`),
    ),
  ];
  return `${lines.flatMap((line) => wrapped(line)).join("\n")}\n`;
}

function ranked<T extends { readonly check: Check }>(found: readonly T[]): T[] {
  return found.toSorted((a, b) => SEVERITIES.indexOf(a.check.severity) - SEVERITIES.indexOf(b.check.severity));
}

const INDENT = " ".repeat(9);

function checkLines({ id, severity, blocking = false, title, message, remedy, docsUrl }: Check, before = ""): string[] {
  return [
    `${(blocking ? "blocks" : severity).padEnd(8)} ${before}${title} (${id}): ${message}`,
    ...(remedy === null ? [] : [`${INDENT}-> ${remedy}`]),
    ...(docsUrl === undefined || severity === "ok" ? [] : [`${INDENT}${docsUrl}`]),
  ];
}

function nodeLines({ host, pid, isThis, codeVersion, filesVersion, isOdd, gate, epoch, inFlight, seenAt }: NodeReport): string[] {
  const which = [...(isThis ? ["this one"] : []), ...(isOdd ? ["other files than this one's"] : [])];
  return [
    `${host} (process ${pid})${which.length === 0 ? "" : `, ${which.join(", ")}`}`,
    `${INDENT}release ${codeVersion}, files ${filesVersion}, gate ${gate}, epoch ${epoch}`,
    `${INDENT}${inFlight} under way, last sign of life ${seenAt}`,
  ];
}

function backupLines(backup: HealthReport["backup"]): string[] {
  if (backup === "unread") return ["could not be read"];
  if (backup === null) return ["none is known"];
  const { kind, id, takenAt, bytes, version, proof, provenAt, folder, host, address } = backup;
  if (kind !== "made") return [kind === "own" ? `the operator's own, confirmed ${takenAt} by ${address}` : `none, as of ${takenAt}`];
  return [
    `id        ${id}`,
    `taken     ${takenAt}, ${sizeOf(bytes ?? 0)}`,
    `release   ${version ?? "not known here"}`,
    `proof     ${proof === null ? "none" : `${proof}${provenAt === null ? "" : ` ${provenAt}`}`}`,
    `lies      ${folder === null ? `on ${host}` : `in ${folder}`}`,
  ];
}

function runLines(run: HealthRun): string[] {
  const { id, kind, from, to, status, startedAt, durationMs, startedBy, attempts, backup, error, migrations, planned } = run;
  const by = startedBy === null ? "" : ` by ${startedBy.address} (${startedBy.via})`;
  const notes = [
    ...(attempts === 0 ? [] : [`${attempts} more attempts`]),
    `backup ${backup === null ? "none" : (backup.id ?? backup.kind)}${backup?.proof ? ` (${backup.proof})` : ""}`,
    ...(run.ignoredChecks.length === 0 ? [] : [`ignored ${run.ignoredChecks.join(", ")}`]),
    ...(run.passedOver.length === 0 ? [] : [`passed over ${run.passedOver.join("; ")}`]),
  ];
  return [
    `${id}  ${kind} ${from ?? "nothing"} -> ${to}, ${status}`,
    `${INDENT}started ${startedAt ?? "never"}${by}${durationMs === null ? "" : `, took ${durationMs} ms`}`,
    `${INDENT}${notes.join(", ")}`,
    ...(error === null ? [] : [`${INDENT}${error.code}: ${error.message}`]),
    ...migrations.map(({ name, ms }) => `${INDENT}${ms === null ? "-" : `${ms} ms`}  ${name}`),
    ...(planned > migrations.length ? [`${INDENT}${migrations.length} of ${planned} are listed`] : []),
  ];
}

/** What is broken goes on below where its text began; a word is never cut. */
function wrapped(line: string): string[] {
  if (line.length <= WIDTH) return [line];
  const indent = /^(?:danger|warning|info|ok|blocks) +|^ +/.test(line) ? INDENT : "  ";
  const lines: string[] = [];
  let current = "";
  for (const word of line.trimEnd().split(/(?<=\S)(?= )/)) {
    if (current !== "" && current.length + word.length > WIDTH) {
      lines.push(current);
      current = indent + word.trimStart();
    } else current += word;
  }
  return [...lines, current];
}
