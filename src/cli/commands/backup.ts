import { Command, InvalidArgumentError, Option } from "commander";
import type { BackupManifest, BackupProgress, BackupTool } from "../../core/backup.js";
import { sizeOf } from "../../core/size.js";
import { Backups, newestBackup } from "../../upgrade/backups.js";
import { stoppable } from "../carry-out.js";
import { columns, duration, moment } from "../columns.js";
import { EXIT } from "../exit-codes.js";
import { type Session, verb, withSession } from "../verb.js";
import { restoreCommand } from "./restore.js";

const EXIT_CODES = [
  [EXIT.done, "done"],
  [EXIT.error, "it could not be done: the message says why"],
] as const;

const TOOLS = ["dump", "mydumper"] satisfies BackupTool[];

export function backupCommand(): Command {
  const command = new Command("backup").description("make, list, prove, restore and remove backups of the database");
  for (const one of [createVerb(), listVerb(), verifyVerb(), restoreCommand(), pruneVerb()]) command.addCommand(one);
  return command;
}

function createVerb(): Command {
  return verb("create", "make a backup of the database now, and prove it; the site stays as it is", {
    examples: [
      ["upgate backup create", "a consistent moment; what is written later is not in it"],
      ["upgate backup create --tool mydumper", "by several threads at once, for a large database"],
    ],
    exitCodes: EXIT_CODES,
  })
    .addOption(new Option("--tool <name>", "what makes it (default: the option backup.tool)").choices(TOOLS))
    .action(withSession(create));
}

async function create({ context, terminal }: Session, { tool }: { readonly tool?: BackupTool }): Promise<number> {
  const backups = new Backups(context);
  return stoppable(terminal.say.bind(terminal), async (signal) => {
    const manifest = await backups.create(null, { signal, onProgress: progressLine(terminal) }, tool);
    endLine(terminal);
    const removed = await backups.prune({}, [manifest.id]);
    terminal.result({ backup: manifest, removed }, [describe(manifest), ...removed.map((id) => `Removed: ${id}`)]);
    return EXIT.done;
  });
}

function listVerb(): Command {
  return verb("list", "list the backups in this machine's data folder, newest first", {
    examples: [["upgate backup list --json | jq -r '.backups[0].id'", "the newest one's id"]],
    exitCodes: EXIT_CODES,
  }).action(withSession(list));
}

async function list({ context, terminal }: Session): Promise<number> {
  const backups = new Backups(context).folder.list();
  const rows = backups.map((listed) => (listed.manifest ? rowOf(listed.manifest) : [listed.id, "damaged", listed.damaged ?? ""]));
  const head = ["id", "taken (UTC)", "release", "size", "tables", "rows", "proof", "site"];
  const lines = rows.length === 0 ? ["There are no backups yet."] : columns([head, ...rows]);
  terminal.result({ backups: backups.map(({ id, manifest, damaged }) => manifest ?? { id, damaged }) }, lines);
  return EXIT.done;
}

function rowOf(one: BackupManifest): string[] {
  return [
    one.id,
    moment(one.takenAt),
    one.version ?? "-",
    sizeOf(one.bytes),
    String(one.tables.length),
    one.rows === null ? "-" : one.rows.toLocaleString("en-US"),
    one.proof ? `${one.proof.how} ${moment(one.proof.at)}` : "not proven",
    one.runId === null ? "as it was" : "closed for a run",
  ];
}

function verifyVerb(): Command {
  return verb("verify", "read a backup to its end and restore it into the scratch database", {
    examples: [["upgate backup verify", "the newest one"]],
    exitCodes: EXIT_CODES,
  })
    .argument("[id]", "the backup; default: the newest one")
    .action(withSession(verify));
}

async function verify({ context, terminal }: Session, given: string | undefined): Promise<number> {
  const backups = new Backups(context);
  const id = given ?? newestBackup(backups.folder).id;
  return stoppable(terminal.say.bind(terminal), async (signal) => {
    const manifest = await backups.prove(id, { signal, onProgress: progressLine(terminal) });
    endLine(terminal);
    terminal.result({ backup: manifest }, [describe(manifest)]);
    return EXIT.done;
  });
}

function pruneVerb(): Command {
  return verb("prune", "remove old backups; the newest one always stays", {
    examples: [["upgate backup prune --keep 3", "all but the newest three"]],
    exitCodes: EXIT_CODES,
  })
    .option("--keep <n>", "how many stay (default: the option backup.keep)", parseCount)
    .option("--max-age-days <n>", "older ones go (default: the option backup.maxAgeDays)", parseCount)
    .action(withSession(prune));
}

async function prune({ context, terminal }: Session, options: { readonly keep?: number; readonly maxAgeDays?: number }): Promise<number> {
  const removed = await new Backups(context).prune(options);
  terminal.result({ removed }, removed.length === 0 ? ["Nothing to remove."] : removed.map((id) => `Removed: ${id}`));
  return EXIT.done;
}

function describe({ id, takenAt, bytes, tables, rows, proof, tool, durationMs }: BackupManifest): string {
  const proven =
    proof?.how === "restored"
      ? "proven: restored into a scratch database, every table has its rows"
      : proof?.how === "read"
        ? "read to its end, not restored"
        : "not proven";
  const much = `${sizeOf(bytes)}, ${tables.length} tables${rows === null ? "" : `, ${rows.toLocaleString("en-US")} rows`}`;
  return `Backup ${id}, taken ${moment(takenAt)} UTC in ${duration(durationMs)}: ${much}, by ${tool}; ${proven}.`;
}

/** One line that is drawn again, on a terminal only. */
export function progressLine(terminal: Session["terminal"]): (progress: BackupProgress) => void {
  return ({ bytes, totalBytes, table }) => {
    if (!terminal.isInteractive) return;
    const much = totalBytes === null ? sizeOf(bytes) : `${sizeOf(bytes)} of about ${sizeOf(Math.max(bytes, totalBytes))}`;
    process.stderr.write(`\r\u001b[K${`${much}${table === null ? "" : `  ${table}`}`.slice(0, (process.stderr.columns || 80) - 1)}`);
  };
}

export function endLine(terminal: Session["terminal"]): void {
  if (terminal.isInteractive) process.stderr.write("\r\u001b[K");
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1 || count > 3650)
    throw new InvalidArgumentError("It must be a whole number from 1 to 3650.");
  return count;
}
