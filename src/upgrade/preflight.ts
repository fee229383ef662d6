import { blockingChecks, type Check } from "../core/check.js";
import { UpgateError } from "../core/errors.js";
import type { IgnoredChecks, Run } from "../core/run.js";
import type { VersionState } from "../core/version-state.js";
import { appendAudit } from "../store/audit.js";
import { orAbsent } from "../store/driver-errors.js";
import { readActiveRun, type RunChange } from "../store/runs.js";
import type { Store } from "../store/store.js";
import { whileBusy } from "../store/tables.js";
import { attempt } from "./attempt.js";
import { backupSpaceCheck, backupToolsCheck } from "./backup-checks.js";
import type { UpgradeContext } from "./context.js";
import { databaseChecks } from "./database-group.js";
import { applicationFolder, enginesCheck, nodeCheck } from "./engines-check.js";
import { filesChecks } from "./files-checks.js";
import { dataDirCheck, freeSpaceCheck } from "./folder-checks.js";
import { readHostChecks } from "./host-checks.js";
import { readMigrationFilesCheck } from "./migration-files.js";
import { readNodesCheck } from "./node-checks.js";
import { probedPrivilegesCheck } from "./privilege-probe.js";
import type { Confirmation } from "./run-requests.js";
import { decisiveServerChecks } from "./server-checks.js";

/** Between the review page and a reload of it the files need not be compared again, ms. */
const REVIEW_AGE_MS = 5000;

/** What the review page shows before anything changes; the privileges are tried, on a scratch table. Never rejects. */
export async function readPreflight(context: UpgradeContext): Promise<Check[]> {
  const { settings } = context;
  const [files, database, others, hosts] = await Promise.all([
    filesChecks(context, REVIEW_AGE_MS),
    databaseChecks(context, { probe: true }),
    Promise.all([
      attempt("nodes", "Nodes", () => readNodesCheck(context)),
      attempt("migration-files", "Migration files", () => readMigrationFilesCheck(context)),
      attempt("backup-tool", "Backup program", () => backupToolsCheck(context)),
      attempt("backup-space", "Room for a backup", () => backupSpaceCheck(context)),
    ]),
    readHostChecks(context),
  ]);
  const here = [enginesCheck(applicationFolder(settings)), dataDirCheck(settings.dataDir), freeSpaceCheck(settings.dataDir)];
  return [...files, ...database, nodeCheck(), ...here, ...others, ...hosts];
}

/** Those that may keep an upgrade from being started, but for the privileges; none on a copy. Reads only; never rejects. */
export async function readDecisiveChecks(context: UpgradeContext): Promise<Check[]> {
  const { settings, store, rehearsal = false } = context;
  // Whoever rehearses has passed them, or wants to see what they warn of.
  if (rehearsal) return [];
  const [files, server, hosts] = await Promise.all([filesChecks(context, 0), decisiveServerChecks(store), readHostChecks(context)]);
  const here = [enginesCheck(applicationFolder(settings)), dataDirCheck(settings.dataDir), freeSpaceCheck(settings.dataDir)];
  return [...files, ...server, ...here, ...hosts];
}

/** The rest of them: to be tried under the lease, so that no other process makes a backup that would meet the scratch table. */
export async function tryPrivileges({ store, rehearsal = false }: UpgradeContext): Promise<Check[]> {
  return rehearsal ? [] : [await probedPrivilegesCheck(store)];
}

/** All that may keep an upgrade from being started, with the privileges tried. Never rejects. */
export async function readBlockers(context: UpgradeContext): Promise<Check[]> {
  const [checks, nodes, privileges] = await Promise.all([
    readDecisiveChecks(context),
    attempt("nodes", "Nodes", () => readNodesCheck(context)),
    probedPrivilegesCheck(context.store),
  ]);
  return blockingChecks([...checks, nodes, privileges]);
}

/** One start's way past the checks: what blocks and is not ignored refuses it. */
export class Preflight {
  readonly #passed = new Set<string>();

  /** `draft`: what the operator has ignored on the review page. `insists`: who says to start whatever blocks. */
  constructor(
    private readonly draft: IgnoredChecks | null,
    private readonly insists: Confirmation | undefined,
  ) {}

  /** Throws `ERR_UPGATE_PREFLIGHT`. */
  pass(checks: readonly Check[]): void {
    const blocking = blockingChecks(checks);
    const known = new Set(this.draft?.ids);
    const refusing = this.insists ? [] : blocking.filter(({ id }) => !known.has(id));
    if (refusing.length > 0) throw blockedStart(refusing);
    for (const { id } of blocking) this.#passed.add(id);
  }

  /** Audits what was ignored at the start itself. For the run's row; nothing where the draft has it already, or nothing blocked. */
  async record({ knex, clock }: Pick<Store, "knex" | "clock">): Promise<Pick<RunChange, "ignoredChecks">> {
    const ignored = this.insists && ignoredChecks([...this.#passed], this.insists, clock.timestamp());
    if (!ignored) return {};
    const { confirmedAt: happenedAt, address, session: sessionId = null } = ignored;
    const entry = { happenedAt, event: "checks-ignored", address, sessionId, detail: ignored.ids.join(", ") };
    await whileBusy(() => appendAudit(knex, entry));
    return { ignoredChecks: ignored };
  }
}

/** Null: there is nothing to ignore. */
export function ignoredChecks(ids: readonly string[], { address, session }: Confirmation, confirmedAt: string): IgnoredChecks | null {
  if (ids.length === 0) return null;
  return { ids: [...new Set(ids)], confirmedAt, address, ...(session === undefined ? {} : { session }) };
}

/** With what the operator has ignored for these very versions. */
export async function openPreflight(
  { store }: UpgradeContext,
  { codeVersion, installedVersion }: VersionState,
  insists: Confirmation | undefined,
): Promise<Preflight> {
  const run: Run | null = await orAbsent(() => readActiveRun(store.knex), null);
  const isDraft = run?.status === "draft" && run.toVersion === codeVersion && run.fromVersion === installedVersion;
  return new Preflight(isDraft ? run.ignoredChecks : null, insists);
}

export function blockedStart(blocking: readonly Check[]): UpgateError {
  const list = blocking.map(({ title, message }) => `${title}: ${message}`).join(" ");
  const remedies = [...new Set(blocking.flatMap(({ remedy }) => remedy ?? []))].join(" ");
  const way = "Or tick “Start although these checks block” on the review page; on the command line: upgate up --ignore-checks.";
  const message = blocking.length === 1 ? `A check blocks the start. ${list}` : `${blocking.length} checks block the start. ${list}`;
  return new UpgateError("ERR_UPGATE_PREFLIGHT", message, { remedy: `${remedies} ${way}`.trim() });
}
