import type { Writable } from "node:stream";
import { type Credentials } from "./credentials.js";
import type { Tool } from "./find-program.js";
import type { MysqlContext } from "./mysql-context.js";
import { type Program, startProgram } from "./program.js";

/**
 * So much may wait for the client, bytes: while the server carries out one INSERT of a megabyte the next ones are read and looked
 * through. With less, a restore takes a fifth longer than the client by itself.
 */
const AHEAD_BYTES = 8 * 1024 * 1024;

/** One process of `mariadb` or `mysql` that carries out what it is fed. */
export class ClientSession {
  private readonly program: Program;
  private readonly stdin: Writable;
  /** Called when there is room again, or nobody is there any more. */
  private wake: (() => void) | null = null;
  private gone = false;
  private waitingBytes = 0;

  constructor(context: MysqlContext, tool: Tool, credentials: Credentials, database: string, signal: AbortSignal) {
    this.program = startProgram(tool.file, [`--defaults-file=${credentials.file}`, ...clientOptions(tool), database], {
      path: context.path,
      signal,
      secrets: [context.target.password],
    });
    this.stdin = this.program.stdin as Writable;
    this.program.stdout.resume();
    const leave = (): void => {
      this.gone = true;
      this.wake?.();
    };
    this.program.ended.then(leave, leave);
    this.stdin.on("error", leave);
  }

  /** Rejects with what the program said once it has ended. */
  async write(bytes: Buffer): Promise<void> {
    if (!this.gone) this.send(bytes);
    while (!this.gone && this.waitingBytes > AHEAD_BYTES) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      this.wake = null;
    }
    if (!this.gone) return;
    await this.program.ended;
    throw new Error(`${this.program.name} ended before it had read everything.`);
  }

  private send(bytes: Buffer): void {
    this.waitingBytes += bytes.length;
    this.stdin.write(bytes, () => {
      this.waitingBytes -= bytes.length;
      this.wake?.();
    });
  }

  /** Resolves when all statements have been carried out. */
  async end(): Promise<void> {
    this.stdin.end();
    await this.program.ended;
  }
}

/** Comments are part of a routine's body; a session that has been lost is never opened again on the quiet. */
function clientOptions({ flavor }: Tool): string[] {
  const common = ["--batch", "--binary-mode", "--comments", "--skip-reconnect", "--no-auto-rehash", "--local-infile=0"];
  const packets = ["--default-character-set=utf8mb4", "--max-allowed-packet=1G"];
  return flavor === "MariaDB" ? [...common, ...packets] : [...common, ...packets, "--skip-binary-as-hex"];
}
