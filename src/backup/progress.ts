import type { BackupCall } from "../core/backup.js";

const LEAST_PAUSE_MS = 250;

/** Tells at most four times a second how far it is; `advance` may be called as often as one likes. */
export class ProgressTeller {
  private toldAt = 0;
  private bytes = 0;

  constructor(
    private readonly call: Pick<BackupCall, "onProgress">,
    private readonly totalBytes: number | null,
  ) {}

  /** So much it is altogether by now. */
  reach(bytes: number): void {
    this.advance(Math.max(0, bytes - this.bytes), null);
  }

  advance(bytes: number, table: string | null): void {
    this.bytes += bytes;
    const now = performance.now();
    if (now - this.toldAt < LEAST_PAUSE_MS) return;
    this.toldAt = now;
    this.call.onProgress({ bytes: this.bytes, totalBytes: this.totalBytes, table });
  }
}
