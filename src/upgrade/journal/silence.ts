import { setTimeout as pause } from "node:timers/promises";

/** Sends SQL to the server; the rows. */
export type SendRows = (sql: string, bindings?: readonly unknown[]) => Promise<readonly Record<string, unknown>[]>;

/** Locks that one run's connections hold, by which a taker finds them also while they send nothing. */
export const MOST_LOCKS = 8;

const LOOK_EVERY_MS = 20;

/** At most 64 characters: MySQL's bound for a lock's name. */
export function connectionLock(runId: string, number: number): string {
  return `upgate:${runId}:${number}`;
}

export interface SilenceOptions {
  /** The run and those that it supersedes. */
  readonly runIds: readonly string[];
  readonly signal: AbortSignal;
  /** Called once when there is something to wait for. */
  readonly onWait: (statements: readonly string[]) => void;
}

/**
 * Ends what earlier processes of these runs still do in the server: a client that was killed leaves its ALTER running, which
 * commits seconds later. Found by the comment in the process list and by the connections' locks, not by remembered ids, which
 * a restarted server gives anew. Resolves when all of it is gone, its rollback included; the server decides how long that takes.
 */
export async function silencePredecessors(send: SendRows, { runIds, signal, onWait }: SilenceOptions): Promise<void> {
  for (let looks = 0; ; looks++) {
    signal.throwIfAborted();
    const found = await findConnections(send, runIds);
    if (found.length === 0) return;
    if (looks === 0) onWait(found.map(({ statement }) => statement));
    for (const { id } of found) await kill(send, id);
    await pause(LOOK_EVERY_MS, undefined, { signal });
  }
}

interface FoundConnection {
  readonly id: number;
  /** Empty while it sends nothing. */
  readonly statement: string;
}

async function findConnections(send: SendRows, runIds: readonly string[]): Promise<FoundConnection[]> {
  const [own] = await send("SELECT CONNECTION_ID() AS id");
  const marks = runIds.map((id) => `/* upgate:${id}:`);
  const found = new Map<number, FoundConnection>();
  for (const row of await send("SHOW FULL PROCESSLIST")) {
    const statement = String(row["Info"] ?? "");
    // On a Galera cluster another node's statement is carried out here by a thread of the system's, which nobody may kill.
    if (row["User"] !== "system user" && marks.some((mark) => statement.includes(mark)))
      found.set(Number(row["Id"]), { id: Number(row["Id"]), statement });
  }
  for (const holder of await readLockHolders(send, runIds)) if (!found.has(holder)) found.set(holder, { id: holder, statement: "" });
  found.delete(Number(own?.["id"]));
  return [...found.values()];
}

async function readLockHolders(send: SendRows, runIds: readonly string[]): Promise<number[]> {
  const names = runIds.flatMap((id) => Array.from({ length: MOST_LOCKS }, (_, number) => connectionLock(id, number)));
  const [row] = await send(`SELECT ${names.map((_, index) => `IS_USED_LOCK(?) AS h${index}`).join(", ")}`, names);
  return Object.values(row ?? {})
    .filter((holder) => holder !== null)
    .map(Number);
}

/** ER_NO_SUCH_THREAD: it has ended by itself. */
const NO_SUCH_THREAD = 1094;

async function kill(send: SendRows, id: number): Promise<void> {
  try {
    await send(`KILL ${id}`);
  } catch (error) {
    if ((error as { errno?: number }).errno !== NO_SUCH_THREAD) throw error;
  }
}
