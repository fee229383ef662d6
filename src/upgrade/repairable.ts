import { UpgateError } from "../core/errors.js";
import type { HistoryEntry } from "../core/migration.js";
import { didYouMean } from "../core/option-checker.js";
import { type MigrationWarning, type RepairAction, repairCommand, WARNING_REPAIRS } from "./migration-checks.js";

/** One thing about one migration that can be repaired. */
export interface Repairable {
  /** `half-applied`: it was begun, and its run failed or was interrupted. */
  readonly kind: MigrationWarning["kind"] | "half-applied";
  readonly name: string;
  readonly version: string;
  /** One sentence that begins with the name, without the full stop. */
  readonly message: string;
  readonly action: RepairAction;
  /** The command line. */
  readonly command: string;
  /** What the command does, and when it is right. */
  readonly effect: string;
}

const EFFECTS: Readonly<Record<RepairAction, string>> = {
  accept: "records the file as it is now as the one that was applied; runs nothing",
  forget: "stops this warning; the migration stays in the history, so that it never runs again should the file come back",
  skip: "records it as applied without running it",
  restart:
    "makes the next retry run it from its very start: only after you have undone by hand what it had changed. Else go on where it stopped: upgate retry, or upgate resume",
};

const CONDITIONS: Readonly<Record<RepairAction, string>> = {
  accept: "an applied migration whose file was edited",
  forget: "an applied migration whose file is gone",
  skip: "a migration that was left out by later releases",
  restart: "a migration that was begun in a failed or interrupted run",
};

/** `unfinished`: the begun migrations of a run that is failed or interrupted. */
export function repairables(
  warnings: readonly MigrationWarning[],
  unfinished: readonly Pick<HistoryEntry, "name" | "version">[],
): Repairable[] {
  return [
    ...warnings.map(({ kind, name, version, message }) => repairable(kind, name, version, message)),
    ...unfinished.map(({ name, version }) => repairable("half-applied", name, version, `${name} was begun, but not finished`)),
  ];
}

function repairable(kind: Repairable["kind"], name: string, version: string, message: string): Repairable {
  const action = kind === "half-applied" ? "restart" : WARNING_REPAIRS[kind];
  return { kind, name, version, message, action, command: repairCommand(action, name), effect: EFFECTS[action] };
}

/**
 * The one that action and name mean; the file's extension may be given. Throws `ERR_UPGATE_STATE`, naming those that could be
 * meant, when the migration is not in that condition.
 */
export function chooseRepairable(all: readonly Repairable[], action: RepairAction, given: string): Repairable {
  const name = given.replace(/\.[cm]?[jt]s$/, "");
  const chosen = all.find((one) => one.action === action && one.name === name);
  if (chosen) return chosen;
  throw new UpgateError("ERR_UPGATE_STATE", `${given} is not ${CONDITIONS[action]}. Nothing was changed.`, {
    remedy: hint(all, action, name),
  });
}

const MOST_NAMED = 5;

function hint(all: readonly Repairable[], action: RepairAction, name: string): string {
  const others = all.filter((one) => one.name === name);
  if (others.length > 0) return others.map(({ message, command }) => `${message}: ${command}`).join("; ");
  const names = all.filter((one) => one.action === action).map((one) => one.name);
  if (names.length === 0) return "No migration is. What can be repaired is listed by: upgate repair";
  const near = didYouMean(name, names) ?? names.find((one) => one.endsWith(`/${name}`)) ?? null;
  if (near !== null) return `Did you mean ${near}?`;
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : "";
  return `${names.length === 1 ? "This one is" : "These are"}: ${names.slice(0, MOST_NAMED).join(", ")}${more}.`;
}
