import type { Knex } from "knex";
import type { BackupTool } from "../core/backup.js";
import type { Check } from "../core/check.js";
import { say } from "../core/say.js";
import { findProgram, type Tool } from "./find-program.js";
import { readMydumperFacts } from "./mydumper-facts.js";
import { mydumperRefusal, NOT_FOR_SQLITE } from "./mydumper-limits.js";
import { findClient, findDumper, missingToolRemedy } from "./mysql-context.js";
import { mysqlRows, readServerFacts, type ServerFacts } from "./server-facts.js";

const COMMON = { id: "backup-tool", title: "Backup program" };

/** What decides whether a backup by the server's own programs will work; plain values. */
export interface ToolFacts {
  readonly server: ServerFacts;
  readonly dumper: Tool | null;
  readonly client: Tool | null;
  /** Of the account's authentication; null where it is not known. */
  readonly authentication: string | null;
  /** Columns that the server computes: MariaDB's program writes them in a way that MySQL refuses. */
  readonly generatedColumns: number;
}

/** Preflight's look at the programs: none is started but for its version. SQLite needs none. */
export async function backupToolCheck(
  knex: Knex,
  dialect: "mysql" | "sqlite",
  tool: BackupTool = "dump",
  path: string = process.env["PATH"] ?? "",
): Promise<Check> {
  if (dialect === "sqlite" && tool === "mydumper") return { ...COMMON, severity: "danger", ...NOT_FOR_SQLITE };
  if (dialect === "sqlite")
    return { ...COMMON, severity: "ok", message: ["SQLite's own program.", compressionOf(path)].join(" "), remedy: null };
  const facts = await readToolFacts(knex, path);
  const check = judgeTools(facts);
  if (tool === "mydumper" && check.severity !== "danger") {
    const mydumper = await readMydumperFacts(knex, path);
    const refusal = mydumperRefusal(mydumper);
    if (refusal) return { ...COMMON, severity: "danger", ...refusal };
    const rows = say(`mydumper ${mydumper.program?.version ?? ""} reads the rows.`);
    return { ...check, message: [check.message, rows].join(" ") };
  }
  return check.severity === "ok" ? { ...check, message: `${check.message} ${compressionOf(path)}` } : check;
}

export async function readToolFacts(knex: Knex, path: string): Promise<ToolFacts> {
  const server = await readServerFacts(knex);
  const generated = "SELECT COUNT(*) AS n FROM information_schema.columns WHERE table_schema = DATABASE() AND generation_expression <> ''";
  const [row] = await mysqlRows(knex, generated);
  return {
    server,
    dumper: await findDumper(server.flavor, path),
    client: await findClient(server.flavor, path),
    authentication: await authenticationOf(knex),
    generatedColumns: Number(row?.["n"]),
  };
}

/** Only an account that may read the catalogue of accounts learns it. */
async function authenticationOf(knex: Knex): Promise<string | null> {
  try {
    const sql = "SELECT plugin FROM mysql.user WHERE CONCAT(user, '@', host) = CURRENT_USER()";
    const [row] = await mysqlRows(knex, sql);
    return row ? String(row["plugin"]) : null;
  } catch (error) {
    // 1142 and 1044: it may not; 1356: MariaDB's view of that name may not.
    if ([1142, 1044, 1356, 1143].includes((error as { errno?: number }).errno ?? 0)) return null;
    throw error;
  }
}

export function judgeTools(facts: ToolFacts): Check {
  const { server, dumper, client, authentication } = facts;
  const remedy = missingToolRemedy(server.flavor);
  const danger = (message: string): Check => ({ ...COMMON, severity: "danger", message, remedy });
  const warning = (message: string): Check => ({ ...COMMON, severity: "warning", message, remedy });
  if (!dumper) return danger(`No program that dumps ${server.flavor} is installed.`);
  if (!client) return danger(`${called(dumper)} is installed, but no client to restore its backups with.`);
  const message = `${called(dumper)} for ${server.flavor} ${server.version}.`;
  const foreign = foreignTool(facts, dumper);
  if (foreign !== null) return danger(`${message} ${foreign}`);
  if (dumper.flavor === "MySQL" && authentication === "mysql_native_password" && majorOf(dumper.version) >= 9)
    return danger(`${message} Programs of MySQL 9 can't log in to an account with mysql_native_password.`);
  if (dumper.flavor === "MariaDB" && authentication === "caching_sha2_password" && isOlder(dumper.version, "10.2.0"))
    return danger(`${message} It can't log in to an account with caching_sha2_password.`);
  if (dumper.flavor !== server.flavor) return warning(`${message} It is another maker's: what only the one of them has may be lost.`);
  if (client.flavor !== dumper.flavor) return warning(`${message} ${called(client)} restores, which is another maker's.`);
  if (isOlderMajor(dumper.version, server))
    return warning(`${message} It is older than the server, and may not know all that the server has.`);
  return { ...COMMON, severity: "ok", message, remedy: null };
}

/** Why a dump by another maker's program could not be restored; null: it can. */
export function foreignTool({ server, generatedColumns }: Pick<ToolFacts, "server" | "generatedColumns">, dumper: Tool): string | null {
  if (dumper.flavor === server.flavor) return null;
  if (dumper.flavor === "MySQL") {
    return majorOf(dumper.version) >= 8 ? "MySQL's program can't dump a MariaDB server as a whole." : null;
  }
  return generatedColumns > 0 ? "MariaDB's program dumps generated columns in a way that MySQL can't restore." : null;
}

const called = ({ name, flavor, version }: Tool): string => `${name} (${flavor} ${version})`;
const majorOf = (version: string): number => Number.parseInt(version, 10);

/** MariaDB counts its releases by two numbers up to 11, MySQL's programs follow the first. */
function isOlderMajor(version: string, server: ServerFacts): boolean {
  if (server.flavor === "MySQL") return majorOf(version) < majorOf(server.version);
  return isOlder(version, server.version.split(".").slice(0, 2).join("."));
}

function isOlder(version: string, than: string): boolean {
  const numbers = version.split(".").map(Number);
  for (const [place, number] of than.split(".").map(Number).entries()) {
    const own = numbers[place] ?? 0;
    if (own !== number) return own < number;
  }
  return false;
}

function compressionOf(path: string): string {
  return findProgram("zstd", path) === null ? "Compressed with gzip." : "Compressed with zstd.";
}
