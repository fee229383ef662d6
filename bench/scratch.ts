import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import path from "node:path";

/** What a benchmark leaves behind unless it is cleared: by `clear`, at the latest when this process ends or is interrupted. */
export class Scratch {
  readonly folder = mkdtempSync(path.join(tmpdir(), "upgate-bench-"));
  readonly #children = new Set<ChildProcess>();
  readonly #onExit = (): void => this.#clearNow();

  constructor() {
    process.on("exit", this.#onExit);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, endBySignal);
  }

  adopt(child: ChildProcess): void {
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
  }

  async clear(): Promise<void> {
    const ended = [...this.#children].map((child) => new Promise((resolve) => child.once("exit", resolve)));
    for (const child of this.#children) child.kill("SIGKILL");
    await Promise.all(ended);
    this.#clearNow();
    process.off("exit", this.#onExit);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.off(signal, endBySignal);
  }

  #clearNow(): void {
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function endBySignal(signal: NodeJS.Signals): never {
  process.exit(128 + constants.signals[signal]);
}
