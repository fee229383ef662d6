/** More of a statement is never kept. */
const HEAD_BYTES = 4096;

/** The beginning of one statement: it tells what the statement sets. */
export class StatementHead {
  private parts: Buffer[] = [];
  private bytes = 0;

  clear(): void {
    this.parts = [];
    this.bytes = 0;
  }

  /** `bytes`: a view that the next chunk takes the place of. */
  add(bytes: Buffer): void {
    if (this.bytes <= HEAD_BYTES) this.parts.push(Buffer.from(bytes.subarray(0, HEAD_BYTES + 1)));
    this.bytes += bytes.length;
  }

  /** Around a routine the tools set the mode that it was made in; null: this is no such statement. */
  sqlMode(): string | null {
    if (this.bytes > HEAD_BYTES) return null;
    return /^\/\*!50003 SET sql_mode\s+= (.*?) \*\//i.exec(Buffer.concat(this.parts).toString("latin1"))?.[1] ?? null;
  }
}
