import path from "node:path";
import type { ReadBackupCall } from "../core/backup.js";
import type { ClientSession } from "./client-session.js";
import { damage } from "./failure.js";
import { threadCount } from "./mydumper-plan.js";
import { ProgressTeller } from "./progress.js";
import { stopWith, together } from "./program.js";
import { readRowIndex, readRows, type RowFiles } from "./row-files.js";

/** The files speak of bytes; what follows them in a session is UTF-8 again, as the dump's header has it. */
const BEFORE = "SET autocommit = 0;\n";
const BETWEEN = "\nCOMMIT;\n";
const AFTER = "\n/*!40101 SET NAMES utf8mb4 */;\nSET autocommit = 1;\n";

/** Opens a session of that number, which ends when the signal aborts. */
export type OpenClient = (number: number, signal: AbortSignal) => Promise<ClientSession>;

/** Brings the rows of mydumper's files into tables that are there and empty. */
export class RowLoader {
  private readonly files: RowFiles;
  private readonly progress: ProgressTeller;

  /** Throws `ERR_UPGATE_BACKUP_DAMAGED`. */
  constructor(
    private readonly call: ReadBackupCall,
    private readonly searchPath: string,
  ) {
    this.files = readRowIndex(call.folder);
    this.progress = new ProgressTeller(call, null);
  }

  /** So that it pays to insert them by several sessions. */
  hasSeveral(table: string): boolean {
    return this.filesOf(table).length > 1 && threadCount() > 1;
  }

  /** One file after the other; the session goes on with something else then. */
  async insert(client: ClientSession, table: string): Promise<void> {
    const waiting = [...this.filesOf(table)];
    if (waiting.length === 0) return;
    await this.feed(client, table, waiting, this.call.signal);
    await client.write(Buffer.from(AFTER));
  }

  /** By several sessions, numbered from 0, each of which takes the next file. Resolves when all rows are there for good. */
  async insertAtOnce(table: string, signal: AbortSignal, open: OpenClient): Promise<void> {
    const waiting = [...this.filesOf(table)];
    using stop = stopWith(signal);
    const work = async (number: number): Promise<void> => {
      const client = await open(number, stop.signal);
      await this.feed(client, table, waiting, stop.signal);
      await client.end();
    };
    const count = Math.min(threadCount(), waiting.length);
    await together(
      stop,
      Array.from({ length: count }, (_, number) => work(number)),
    );
  }

  private filesOf(table: string): readonly string[] {
    return this.files.get(table) ?? [];
  }

  private async feed(client: ClientSession, table: string, waiting: string[], signal: AbortSignal): Promise<void> {
    await client.write(Buffer.from(BEFORE));
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      await this.read(file, signal, async (bytes) => {
        this.progress.advance(bytes.length, table);
        await client.write(bytes);
      });
      await client.write(Buffer.from(BETWEEN));
    }
  }

  /** Rejects with what `take` rejects with, or with `ERR_UPGATE_BACKUP_DAMAGED`. */
  private async read(file: string, signal: AbortSignal, take: (bytes: Buffer) => Promise<void>): Promise<void> {
    const taken: { error?: unknown } = {};
    const guarded = (bytes: Buffer): Promise<void> => take(bytes).catch((error: unknown) => Promise.reject((taken.error = error)));
    try {
      await readRows(path.join(this.call.folder, file), { path: this.searchPath, signal }, guarded);
    } catch (error) {
      throw taken.error ?? (signal.aborted ? error : damage(error, signal));
    }
  }
}
