import { rmSync } from "node:fs";
import type { CreatedBackup } from "../core/backup.js";
import { UpgateError } from "../core/errors.js";
import { estimateBackup } from "./backup-size.js";
import { compressOutput } from "./compression.js";
import { writeCredentials } from "./credentials.js";
import { backupFailure } from "./failure.js";
import type { Tool } from "./find-program.js";
import { findDumper, missingToolRemedy, type MysqlContext, requireTool } from "./mysql-context.js";
import { ProgressTeller } from "./progress.js";
import { type Program, ProgramError, startProgram, stopWith, together } from "./program.js";
import { writtenBy } from "./stall-watch.js";
import type { RecordedCreateCall } from "./written-file.js";

const LOOK_EVERY_MS = 250;

/** What of the database a dump holds. `structure`: all of it but rows; each table has a section for them, which is empty. */
export type DumpContents = "everything" | "structure";

const FILES = { everything: "dump.sql", structure: "structure.sql" } as const satisfies Record<DumpContents, string>;

/**
 * Dumps the database in one transaction that sees one moment of it, without keeping writers out: for InnoDB's tables. Tables of other
 * engines (MyISAM, Aria, MEMORY) are as they are at the moment when the tool comes to them. What is in the dump, and that it has its end
 * mark, is known when it is read.
 */
export async function createDump(
  context: MysqlContext,
  call: RecordedCreateCall,
  contents: DumpContents = "everything",
): Promise<CreatedBackup> {
  const name = FILES[contents];
  const tool = requireTool(await findDumper(context.server.flavor, context.path), context.server.flavor, "dump");
  using credentials = writeCredentials(context.target, tool, context.workDir);
  using stop = stopWith(call.signal);
  try {
    const { totalBytes } = await estimateBackup(context.knex, "mysql");
    const args = [
      `--defaults-file=${credentials.file}`,
      ...dumpOptions(tool),
      ...excluding(context, call.exclude),
      // --no-data would leave out the sections for rows, too, and with them the place that triggers have after the rows.
      ...(contents === "structure" ? ["--where=1=0"] : []),
      context.target.database,
    ];
    const options = { path: context.path, signal: stop.signal, secrets: [context.target.password] };
    const dump = startProgram(tool.file, args, options);
    const compressed = compressOutput(call.folder, name, context.path, dump, stop.signal);
    using _watch = watchOutput(dump, new ProgressTeller(call, totalBytes));
    await together(stop, [dump.ended, ...compressed.works]);
    call.onFile?.(await compressed.written);
    return { tool: `${tool.name} ${tool.version}, ${compressed.compression}`, tables: null };
  } catch (error) {
    for (const ending of ["zst", "gz"]) rmSync(`${call.folder}/${name}.${ending}`, { force: true });
    if (error instanceof ProgramError && !call.signal.aborted && NO_PLUGIN.test(error.said))
      throw new UpgateError("ERR_UPGATE_BACKUP_TOOL", error.message, { cause: error, remedy: missingToolRemedy(context.server.flavor) });
    throw backupFailure(error, call.signal);
  }
}

/** The program does not know how this account logs in. */
const NO_PLUGIN = /Got error: (?:2059|1251)\b/;

/** How much a program has put out, as Linux tells; elsewhere nothing is told. */
function watchOutput({ pid }: Program, progress: ProgressTeller): Disposable {
  const timer = setInterval(() => {
    const written = writtenBy(pid);
    if (written !== null) progress.reach(written);
  }, LOOK_EVERY_MS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** The tools' own defaults besides: DROP before CREATE, several rows in an INSERT, UTC for timestamps. */
export function dumpOptions({ flavor, version }: Tool): string[] {
  const consistent = ["--single-transaction", "--quick", "--skip-lock-tables", "--skip-add-locks"];
  const whole = ["--routines", "--triggers", "--events", "--comments", "--no-tablespaces"];
  const common = [...consistent, ...whole, "--default-character-set=utf8mb4", "--max-allowed-packet=1G"];
  if (flavor === "MariaDB") return common;
  return [...common, "--set-gtid-purged=OFF", ...(Number.parseInt(version, 10) >= 8 ? ["--column-statistics=0"] : [])];
}

function excluding({ target }: MysqlContext, tables: readonly string[]): string[] {
  return tables.map((table) => `--ignore-table=${target.database}.${table}`);
}
