import { writeFileSync } from "node:fs";
import path from "node:path";
import type { CreatedBackup } from "../core/backup.js";
import { type Credentials, writeCredentials } from "./credentials.js";
import { createDump } from "./dump-create.js";
import { backupFailure } from "./failure.js";
import { askProgram, findProgram } from "./find-program.js";
import { findMydumper, type Mydumper } from "./mydumper-facts.js";
import { mydumperRefusal, refusedTool } from "./mydumper-limits.js";
import { MydumperLog } from "./mydumper-log.js";
import { type MydumperPlan, planMydumper } from "./mydumper-plan.js";
import type { MysqlContext } from "./mysql-context.js";
import { ProgressTeller } from "./progress.js";
import { startProgram, stopWith } from "./program.js";
import { ROWS_FOLDER, writeRowIndex } from "./row-files.js";
import { watchStall } from "./stall-watch.js";
import type { RecordedCreateCall } from "./written-file.js";

/**
 * For each session of mydumper's. It escapes as the session's mode says, and pads as that says. While it waits for its lock, nobody can
 * write: the lease of an upgrade, too, has to be renewed. It reads MySQL's explanations for the number of rows, in their old form.
 */
const SESSION = "SET SESSION sql_mode = '', lock_wait_timeout = 5 /*!80032 , explain_format = 'TRADITIONAL' */";

/**
 * The structure by the server's own program, the rows by mydumper: one moment of all rows, for InnoDB's tables. All tables are locked
 * against writing until each thread has begun its transaction, which takes a moment where nobody has a long query under way.
 */
export async function createMydumper(context: MysqlContext, call: RecordedCreateCall): Promise<CreatedBackup> {
  const mydumper = await findMydumper(context.path);
  if (mydumper === null) throw notInstalled();
  const structure = await createDump(context, { ...call, onProgress: () => undefined }, "structure");
  try {
    const plan = await planMydumper(context.knex);
    await dumpRows(context, call, mydumper, plan);
    await writeRowIndex(call.folder);
  } catch (error) {
    throw backupFailure(error, call.signal);
  }
  return { tool: `mydumper ${mydumper.version} with ${structure.tool}`, tables: null };
}

function notInstalled(): Error {
  const refusal = mydumperRefusal({ program: null, database: "", tables: [], columns: [], mayLock: null });
  if (refusal === null) throw new TypeError("A program that is missing is refused.");
  return refusedTool(refusal);
}

async function dumpRows(context: MysqlContext, call: RecordedCreateCall, mydumper: Mydumper, plan: MydumperPlan): Promise<void> {
  using credentials = writeCredentials(context.target, mydumper, context.workDir, [`init-command="${SESSION}"`]);
  using stop = stopWith(call.signal);
  let cause: Error | null = null;
  const fail = (error: Error): void => {
    cause ??= error;
    stop.abort();
  };
  const log = new MydumperLog(plan.sizes, new ProgressTeller(call, plan.totalBytes), fail);
  const args = argumentsFor(context, call, plan, credentials);
  const starter = await dyingWithUs(context.path);
  const program = startProgram(starter?.file ?? mydumper.file, [...(starter ? [...starter.args, mydumper.file] : []), ...args], {
    path: context.path,
    signal: stop.signal,
    secrets: [context.target.password],
    name: "mydumper",
    // So that it tells tables by their names.
    locale: "C.UTF-8",
    readLine: (line) => log.read(line),
  });
  program.stdout.resume();
  using _watch = watchStall(program, path.join(call.folder, ".probe"), fail);
  try {
    await program.ended;
  } catch (error) {
    throw cause ?? error;
  }
}

function argumentsFor({ target }: MysqlContext, call: RecordedCreateCall, plan: MydumperPlan, credentials: Credentials): string[] {
  const omitted = path.join(path.dirname(credentials.file), "omitted");
  writeFileSync(omitted, [...call.exclude, ...plan.sequences].map((table) => `${target.database}.${table}\n`).join(""), { mode: 0o600 });
  return [
    `--defaults-file=${credentials.file}`,
    `--database=${target.database}`,
    `--outputdir=${path.join(call.folder, ROWS_FOLDER)}`,
    `--omit-from-file=${omitted}`,
    `--threads=${plan.threads}`,
    "--no-schemas",
    "--compress",
    "--trx-consistency-only",
    "--verbose=3",
    // The file alone does it only where it names a certificate.
    ...(target.ssl === null ? [] : ["--ssl"]),
    ...(plan.chunkRows === null ? [] : [`--rows=${plan.chunkRows}`]),
  ];
}

/**
 * mydumper would go on when this process is killed, and keep its transactions. What starts it so that it dies with its parent, on Linux;
 * null: there is nothing of that kind.
 */
async function dyingWithUs(searchPath: string): Promise<{ readonly file: string; readonly args: readonly string[] } | null> {
  const file = process.platform === "linux" ? (findProgram("setpriv", searchPath) ?? findProgram("setpriv", SYSTEM_PATH)) : null;
  if (file === null) return null;
  const help = await askProgram(file, "--help", searchPath).catch(() => "");
  return help.includes("--pdeathsig") ? { file, args: ["--pdeathsig", "KILL"] } : null;
}

const SYSTEM_PATH = "/usr/bin:/bin";
