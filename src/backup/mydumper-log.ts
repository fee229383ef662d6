import { UpgateError } from "../core/errors.js";
import { say } from "../core/say.js";
import { type TableSizes } from "./mydumper-plan.js";
import type { ProgressTeller } from "./progress.js";

/** Of one table or a range of its rows: that a thread has begun with it. */
const BEGUN = /: Thread (\d+) dumping data for `.*?`\.`(.*)`( where .*)?$/;
const ENDED = /: Thread (\d+) shutting down$/;
const NO_LOCK = /Couldn't acquire global lock, snapshots will not be consistent: (.*)$/;
const MESSAGE = /^\*\* Message: /;
const COMPLAINT = /^\*\* \(mydumper:\d+\): (?:CRITICAL|WARNING) \*\*: [\d:.]+: (.*)$/;
const USUAL = /^Using trx_consistency_only/;
const DENIED = /access denied/i;

/**
 * Reads what mydumper says under way: tells how far it is, and keeps its complaints. Without its lock it would go on, and make a backup
 * of several moments.
 */
export class MydumperLog {
  /** Each thread's, with the bytes that count when it is done with it. */
  private readonly underWay = new Map<string, number>();
  private readonly toldBytes = new Map<string, number>();

  constructor(
    private readonly sizes: TableSizes,
    private readonly progress: ProgressTeller,
    private readonly fail: (error: UpgateError) => void,
  ) {}

  /** What is to be kept for messages. */
  read(line: string): string {
    const [, begins, table = "", range] = BEGUN.exec(line) ?? [];
    const thread = begins ?? ENDED.exec(line)?.[1];
    if (thread !== undefined) {
      const bytes = this.underWay.get(thread) ?? 0;
      this.underWay.set(thread, begins === undefined ? 0 : this.expect(table, range !== undefined));
      this.progress.advance(bytes, begins === undefined ? null : table);
    }
    const refusal = NO_LOCK.exec(line)?.[1];
    if (refusal !== undefined) this.fail(lockFailure(refusal));
    if (MESSAGE.test(line) || line.trim() === "") return "";
    const complaint = COMPLAINT.exec(line)?.[1] ?? line;
    return USUAL.test(complaint) ? "" : `${complaint}\n`;
  }

  /** The last range of a table is shorter than the others. */
  private expect(table: string, isRange: boolean): number {
    const size = this.sizes.bytesOf(table);
    const told = this.toldBytes.get(table) ?? 0;
    const bytes = Math.min(size - told, isRange ? this.sizes.chunkBytesOf(table) : size);
    this.toldBytes.set(table, told + bytes);
    return bytes;
  }
}

function lockFailure(said: string): UpgateError {
  if (DENIED.test(said))
    return new UpgateError("ERR_UPGATE_BACKUP_TOOL", say(`mydumper may not lock all tables for a moment: ${said}`), {
      remedy: "Give the account the right RELOAD, or leave out the option backup.tool.",
    });
  return new UpgateError("ERR_UPGATE_BACKUP_FAILED", say(`mydumper could not lock all tables for a moment: ${said}`), {
    remedy: "A long query or an open lock of somebody's stands in the way. Wait for its end, or leave out the option backup.tool.",
  });
}
