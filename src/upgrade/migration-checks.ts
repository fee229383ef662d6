import type { Check } from "../core/check.js";
import type { HistoryEntry } from "../core/migration.js";
import { compareVersions, isVersion } from "../core/version.js";
import type { ChecksummedFile } from "../release/checksums.js";

/** Something odd about one migration; none of it stops an upgrade. */
export interface MigrationWarning {
  readonly kind: "edited" | "missing" | "out-of-order";
  readonly name: string;
  readonly version: string;
  /** One sentence that begins with the name. */
  readonly message: string;
  /** For the case that it is meant to be so: the command line that says it. */
  readonly repair: string;
}

/**
 * What `upgate repair` does about a migration. `accept`: its file was edited after it was applied, and is right as it is now. `forget`:
 * its file is gone for good. `skip`: it belongs to an older release than the newest applied one, and is not to be run.
 * `restart`: what it had done in part was undone by hand, so that it begins anew.
 */
export type RepairAction = "accept" | "forget" | "skip" | "restart";

export const WARNING_REPAIRS = { edited: "accept", missing: "forget", "out-of-order": "skip" } as const satisfies Record<
  MigrationWarning["kind"],
  RepairAction
>;

export function repairCommand(action: RepairAction, name: string): string {
  return `upgate repair ${action} ${name}`;
}

type AppliedEntry = Pick<HistoryEntry, "name" | "version" | "sha256" | "finishedAt">;

/**
 * Compares the files with the history: applied files that were edited since, applied files that are gone (unless their
 * release is lower than `prunedBefore`, semver, where nothing is pending and files may be dropped), and files not applied of a release
 * older than the newest applied one. Sorted by kind, then in the order given. `forgotten`: names of applied migrations whose
 * files are known to be gone for good.
 */
export function checkMigrations(
  files: readonly ChecksummedFile[],
  history: readonly AppliedEntry[],
  prunedBefore?: string,
  forgotten: ReadonlySet<string> = new Set(),
): MigrationWarning[] {
  const applied = new Map(history.filter(({ finishedAt }) => finishedAt !== null).map((entry) => [entry.name, entry]));
  const present = new Set(files.map(({ name }) => name));
  const newest = newestVersion([...applied.values()]);
  return [
    ...files
      .filter(({ name, sha256 }) => isEdited(sha256, applied.get(name)?.sha256))
      .map((file) => warning("edited", file, "was edited after it had been applied")),
    ...[...applied.values()]
      .filter(({ name, version }) => !present.has(name) && !forgotten.has(name) && !isBelow(version, prunedBefore))
      .map((entry) => warning("missing", entry, "was applied, but its file is gone")),
    ...files
      .filter(({ name, version }) => newest !== null && !applied.has(name) && isBelow(version, newest) && !isBelow(version, prunedBefore))
      .map((file) => warning("out-of-order", file, `is not applied, though migrations of the later release ${newest} are`)),
  ];
}

/** The warnings as one check; `count`: how many migrations the files hold. */
export function migrationFilesCheck(count: number, warnings: readonly MigrationWarning[]): Check {
  const common = { id: "migration-files", title: "Migration files" };
  if (warnings.length === 0) {
    const message = count === 1 ? "1 file; those applied are unchanged." : `${count} files; those applied are unchanged.`;
    return { ...common, severity: "ok", message, remedy: null };
  }
  const files = `${count} ${count === 1 ? "file" : "files"}`;
  const shown = warnings.slice(0, MOST_SHOWN).map(({ message }) => message);
  const more = warnings.length > MOST_SHOWN ? [`and ${warnings.length - MOST_SHOWN} more`] : [];
  return { ...common, severity: "warning", message: `${files}; ${[...shown, ...more].join("; ")}.`, remedy: remedyFor(warnings) };
}

const MOST_SHOWN = 10;
const MOST_COMMANDS = 3;

/** What is to be done about them; names the commands that say that it is meant to be so. */
export function remedyFor(warnings: readonly MigrationWarning[]): string {
  const changed = warnings.filter(({ kind }) => kind !== "out-of-order");
  const late = warnings.filter(({ kind }) => kind === "out-of-order");
  return [
    ...(changed.length > 0
      ? [`Upload the release's files again; or, if the vendor changed or dropped them on purpose, say so: ${commands(changed)}.`]
      : []),
    ...(late.length > 0
      ? [`The next upgrade applies what was left out; ask the vendor whether that is meant. If it must not run: ${commands(late)}.`]
      : []),
  ].join(" ");
}

function commands(warnings: readonly MigrationWarning[]): string {
  const shown = warnings.slice(0, MOST_COMMANDS).map(({ repair }) => repair);
  return warnings.length > MOST_COMMANDS ? `${shown[0]}, and so on (upgate repair lists them)` : shown.join("; ");
}

function warning(
  kind: MigrationWarning["kind"],
  { name, version }: Pick<AppliedEntry, "name" | "version">,
  what: string,
): MigrationWarning {
  return { kind, name, version, message: `${name} ${what}`, repair: repairCommand(WARNING_REPAIRS[kind], name) };
}

/** A history that was taken over from elsewhere may hold no checksum; then there is nothing to compare. */
function isEdited(now: string | null, then: string | undefined): boolean {
  return now !== null && then !== undefined && /^[\da-f]{64}$/.test(then) && now !== then;
}

function isBelow(version: string, bound: string | undefined): boolean {
  return bound !== undefined && isVersion(version) && compareVersions(version, bound) < 0;
}

function newestVersion(entries: readonly AppliedEntry[]): string | null {
  return (
    entries
      .map(({ version }) => version)
      .filter(isVersion)
      .toSorted(compareVersions)
      .at(-1) ?? null
  );
}
