import type { RestoreBackupCall } from "../core/backup.js";
import { ClientSession } from "./client-session.js";
import { type Credentials, writeCredentials } from "./credentials.js";
import { dumpFile, type DumpPiece, readDump } from "./dump-read.js";
import type { DumpSection } from "./dump-sections.js";
import { restoreFailure } from "./failure.js";
import type { Tool } from "./find-program.js";
import { findClient, type MysqlContext, requireTool } from "./mysql-context.js";
import { stopWith } from "./program.js";
import { RowLoader } from "./row-loader.js";
import { mysqlRows } from "./server-facts.js";
import { quoted, surplusSql } from "./surplus.js";

const SURPLUS = "drop what the backup does not have";
/** What is made when all tables but the last ones are there: each part with the kinds of sections that it consists of. */
const OBJECTS = [
  ["routines", ["routines"]],
  ["views", ["view-placeholder", "view"]],
  ["events", ["events"]],
] as const satisfies readonly (readonly [string, readonly DumpSection["kind"][]])[];

/**
 * Restores a dump part by part; the parts' names are `table x`, `routines`, `views`, `events`, and the one that drops the surplus.
 * `row files`: the rows are not in the dump but in files of their own beside it.
 */
export async function restoreDump(context: MysqlContext, call: RestoreBackupCall, rowsIn: "dump" | "row files" = "dump"): Promise<void> {
  const tool = requireTool(await findClient(context.server.flavor, context.path), context.server.flavor, "client");
  using credentials = writeCredentials(context.target, tool, context.workDir);
  const loader = rowsIn === "dump" ? null : new RowLoader(call, context.path);
  await new DumpRestore(context, call, { tool, credentials, loader }).run();
}

class DumpRestore {
  private readonly database: string;
  private readonly file: string;
  private header: Buffer[] = [];
  private readonly objects = new Map<DumpSection["kind"], Buffer[]>();

  constructor(
    private readonly context: MysqlContext,
    private readonly call: RestoreBackupCall,
    private readonly by: { readonly tool: Tool; readonly credentials: Credentials; readonly loader: RowLoader | null },
  ) {
    this.database = call.scratch ?? context.target.database;
    this.file = dumpFile(call.folder, call.manifest);
  }

  async run(): Promise<void> {
    const { call, context } = this;
    if (call.scratch === null) await this.part(SURPLUS, async (session) => session.write(Buffer.from(await surplusSql(context, call))));
    const first = new Set(call.first);
    const last = new Set(call.last.filter((name) => !first.has(name)));
    if (this.lacks(first)) await this.tables((name) => first.has(name));
    await this.tables((name) => !first.has(name) && !last.has(name));
    await this.restoreObjects();
    if (this.lacks(last)) await this.tables((name) => last.has(name));
  }

  /** Whether the backup has some of these tables that are not done yet. */
  private lacks(names: ReadonlySet<string>): boolean {
    return this.call.manifest.tables.some(({ name, rows }) => rows !== null && names.has(name) && !this.call.done.has(partOf(name)));
  }

  /** One pass over the dump for the tables that `wanted` names; the small rest of it is kept for later. */
  private async tables(wanted: (name: string) => boolean): Promise<void> {
    this.header = [];
    this.objects.clear();
    let session: PartSession | null = null;
    let kept: Buffer[] | null = this.header;
    const enter = async (section: DumpSection): Promise<void> => {
      const { kind, name } = section;
      const ofTable = kind === "table" || kind === "data" || kind === "sequence";
      if (session !== null && ofTable && session.part === partOf(name)) return kind === "data" ? this.loadRows(session, name) : undefined;
      await session?.close();
      session = null;
      kept = ofTable ? null : this.keep(kind);
      if (ofTable && wanted(name) && !this.call.done.has(partOf(name))) session = await this.open(partOf(name));
    };
    const take = async (piece: DumpPiece): Promise<void> => {
      if (!Buffer.isBuffer(piece)) return enter(piece);
      if (session === null) kept?.push(Buffer.from(piece));
      else await session.write(piece);
    };
    const { path } = this.context;
    using aborting = stopWith(this.call.signal);
    this.abort = aborting;
    try {
      await readDump(
        this.file,
        this.by.loader ? { ...this.call, onProgress: () => undefined } : this.call,
        { path, alterDatabase: (line) => this.inDatabase(line) },
        take,
      );
    } finally {
      aborting.abort();
    }
  }

  private abort: AbortController = new AbortController();

  private keep(kind: DumpSection["kind"]): Buffer[] {
    const bytes = this.objects.get(kind) ?? [];
    this.objects.set(kind, bytes);
    return bytes;
  }

  private async restoreObjects(): Promise<void> {
    using aborting = stopWith(this.call.signal);
    this.abort = aborting;
    for (const [part, kinds] of OBJECTS) {
      const bytes = kinds.flatMap((kind) => this.objects.get(kind) ?? []);
      if (bytes.length === 0) continue;
      await this.part(part, async (session) => {
        for (const piece of bytes) await session.write(piece);
      });
    }
    if (this.call.scratch !== null) await this.disableEvents(this.call.scratch);
  }

  /** In a scratch database no event may do its work. */
  private async disableEvents(database: string): Promise<void> {
    const sql = "SELECT event_name AS name FROM information_schema.events WHERE event_schema = ? AND status = 'ENABLED'";
    for (const { name } of await mysqlRows(this.context.knex, sql, [database]))
      await this.context.knex.raw(`ALTER EVENT ${quoted(database)}.${quoted(String(name))} DISABLE`);
  }

  /** Done unless an earlier attempt has done it. */
  private async part(name: string, work: (session: PartSession) => Promise<void>): Promise<void> {
    if (this.call.done.has(name)) return;
    const session = await this.open(name);
    await session.guard(() => work(session));
    await session.close();
  }

  private async open(part: string): Promise<PartSession> {
    await this.call.beforePart(part);
    const session = new PartSession(part, this.call);
    await session.guard(async () => session.use(await this.client(0)));
    return session;
  }

  /** A session of the database that has the settings of the dump. */
  private async client(number: number, signal: AbortSignal = this.abort.signal): Promise<ClientSession> {
    const { context, by, database } = this;
    const client = new ClientSession(context, by.tool, by.credentials, database, signal);
    await client.write(Buffer.from(prelude(context, number)));
    await client.write(withoutSandboxMode(Buffer.concat(this.header)));
    return client;
  }

  /** The table is there, and its triggers follow. */
  private async loadRows(session: PartSession, table: string): Promise<void> {
    const { loader } = this.by;
    if (loader === null) return;
    await session.guard(async () => {
      if (!loader.hasSeveral(table)) return loader.insert(session.client, table);
      // What it was fed has to be carried out before others go on with the table.
      await session.client.end();
      await loader.insertAtOnce(table, this.abort.signal, (number, signal) => this.client(number, signal));
      session.use(await this.client(0));
    });
  }

  /** Around routines of another collation the tools alter the database for a moment: it has to be this one. */
  private inDatabase(line: Buffer): Buffer {
    const { database } = this.context.target;
    const from = `ALTER DATABASE ${quoted(database)} `;
    const text = line.toString("utf8");
    return text.startsWith(from) ? Buffer.from(`ALTER DATABASE ${quoted(this.database)} ${text.slice(from.length)}`) : line;
  }
}

/** A client's session for one part of the restore; its errors name the part. */
class PartSession {
  private current: ClientSession | null = null;

  constructor(
    readonly part: string,
    private readonly call: RestoreBackupCall,
  ) {}

  get client(): ClientSession {
    if (this.current === null) throw new TypeError("The session is not open yet.");
    return this.current;
  }

  use(client: ClientSession): void {
    this.current = client;
  }

  write(bytes: Buffer): Promise<void> {
    return this.guard(() => this.client.write(bytes));
  }

  async close(): Promise<void> {
    await this.guard(() => this.client.end());
    await this.call.onPart(this.part, null);
  }

  async guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw restoreFailure(error, this.part, this.call.signal);
    }
  }
}

const partOf = (table: string): string => `table ${table}`;

/** Rows that were let in once must come in again, in whatever mode the server is now. */
function prelude({ sessionSql, server }: MysqlContext, number: number): string {
  const lenient = server.flavor === "MariaDB" ? "SET SESSION innodb_strict_mode = 0;\n" : "";
  return `${sessionSql === null ? "" : `${sessionSql(number)};\n`}${lenient}`;
}

/** MariaDB's dumps begin with a command that other clients take for an error. */
export function withoutSandboxMode(header: Buffer): Buffer {
  const mark = Buffer.from("/*M!999999");
  const begin = header.indexOf(mark);
  if (begin < 0) return header;
  const end = header.indexOf("*/", begin) + 2;
  return Buffer.concat([header.subarray(0, begin), header.subarray(end)]);
}
