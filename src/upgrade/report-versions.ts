import { readFileSync } from "node:fs";
import os from "node:os";
import type { VersionState } from "../core/version-state.js";
import { withinLimit } from "./attempt.js";
import type { UpgradeContext } from "./context.js";
import { applicationFolder } from "./engines-check.js";
import { packageVersions } from "./package-checks.js";

export interface ReportVersions {
  readonly upgate: string;
  readonly node: string;
  /** Name, release and processor: `Linux 6.1.0, x64`. */
  readonly system: string;
  /** As the server tells it; null: it could not be asked. */
  readonly database: string | null;
  /** The database's driver with its version, and the peers'; null: not found. */
  readonly driver: string | null;
  readonly knex: string | null;
  readonly express: string | null;
  readonly code: string;
  readonly files: string;
  readonly installed: string | null;
}

const ASK_LIMIT_MS = 5000;

/** Of all that has one. Never rejects. */
export async function readVersions({ settings, store }: UpgradeContext, state: VersionState): Promise<ReportVersions> {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
  const addressed = typeof settings.options.database.app === "string";
  return {
    upgate: version,
    node: process.versions.node,
    system: `${os.type()} ${os.release()}, ${process.arch}`,
    database: await readServerVersion(store),
    ...packageVersions(applicationFolder(settings), store.source, addressed),
    code: state.codeVersion,
    files: state.filesVersion,
    installed: state.installedVersion,
  };
}

async function readServerVersion({ knex, dialect }: UpgradeContext["store"]): Promise<string | null> {
  const sql = dialect === "sqlite" ? "select sqlite_version() as version" : "select version() as version";
  const answer: unknown = await withinLimit(async () => knex.raw(sql), ASK_LIMIT_MS).catch(() => null);
  const [row] = ((dialect === "sqlite" ? answer : ((answer as unknown[] | null)?.[0] ?? null)) as [{ version: string }?] | null) ?? [];
  return row === undefined ? null : `${dialect === "sqlite" ? "SQLite " : ""}${row.version}`;
}
