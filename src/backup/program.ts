import { type ChildProcess, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";

/** So much of what a program says on stderr is kept: its end tells what went wrong. */
const TAIL_BYTES = 4096;

export interface ProgramOptions {
  /** The folders where the program may look for others; it gets no other environment of ours. */
  readonly path: string;
  readonly signal: AbortSignal;
  /** Never part of a message. */
  readonly secrets: readonly string[];
  /** As its stdin instead of a pipe: an open file, or another program's output. */
  readonly stdin?: number | Program;
  /** As it is called in messages. Default: the file's name. */
  readonly name?: string;
  /** Default `C`. */
  readonly locale?: string;
  /** Called with each line of stderr; what it returns is kept for messages. Default: all of it. */
  readonly readLine?: (line: string) => string;
}

/** A program ended otherwise than well, or could not be started. */
export class ProgramError extends Error {
  constructor(
    readonly program: string,
    /** What it said last, without secrets. */
    readonly said: string,
    /** Its end is our own doing, and so no cause of anything. */
    readonly stopped: boolean,
    how: string,
    options?: ErrorOptions,
  ) {
    super(`${program} ${how}${said === "" ? " without a word." : `: ${said}`}`, options);
    this.name = "ProgramError";
  }
}

export interface Program {
  readonly name: string;
  readonly pid: number | undefined;
  readonly stdin: Writable | null;
  readonly stdout: Readable;
  /** Settles when it is gone and all its output has been read; rejects with a `ProgramError` unless it ended well. */
  readonly ended: Promise<void>;
}

/** Starts a program that ends with us: it lives on pipes, and is killed when `signal` aborts. */
export function startProgram(file: string, args: readonly string[], options: ProgramOptions): Program {
  const name = options.name ?? file.slice(file.lastIndexOf("/") + 1);
  const feeder = typeof options.stdin === "object" ? options.stdin.stdout : null;
  const child = spawn(file, args, {
    stdio: [feeder ?? (options.stdin as number | undefined) ?? "pipe", "pipe", "pipe"],
    env: { PATH: options.path, LC_ALL: options.locale ?? "C" },
    windowsHide: true,
  });
  // Before this process reads any of it; and an end of its own would keep the feeder from noticing that its reader is gone.
  feeder?.destroy();
  const stop = (): void => void child.kill("SIGKILL");
  if (options.signal.aborted) stop();
  options.signal.addEventListener("abort", stop, { once: true });
  const ended = endOf(child, name, options).finally(() => options.signal.removeEventListener("abort", stop));
  // Whoever writes to a program that is gone learns it from `ended`.
  child.stdin?.on("error", () => undefined);
  // It may end before anybody waits for it.
  ended.catch(() => undefined);
  return { name, pid: child.pid, stdin: child.stdin, stdout: child.stdout as Readable, ended };
}

async function endOf(child: ChildProcess, name: string, { secrets, signal, readLine }: ProgramOptions): Promise<void> {
  let tail = Buffer.alloc(0);
  const keep = (bytes: Buffer): void => {
    tail = Buffer.concat([tail, bytes]).subarray(-TAIL_BYTES);
  };
  child.stderr?.on("data", readLine ? linewise((line) => keep(Buffer.from(readLine(line)))) : keep);
  const said = (): string => withoutSecrets(tail.toString("utf8").trim(), secrets);
  await new Promise<void>((resolve, reject) => {
    child.once("error", (cause) => reject(new ProgramError(name, "", signal.aborted, "could not be started", { cause })));
    child.once("close", (code, killedBy) => {
      if (code === 0) resolve();
      else reject(new ProgramError(name, said(), signal.aborted, killedBy ? `was ended by ${killedBy}` : `ended with exit code ${code}`));
    });
  });
}

function linewise(read: (line: string) => void): (bytes: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
      read(rest.toString("utf8", 0, end));
      rest = rest.subarray(end + 1);
    }
  };
}

function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.filter((secret) => secret !== "").reduce((rest, secret) => rest.replaceAll(secret, "…"), text);
}

/**
 * Awaits everything that works together, and stops the rest when one fails. Rejects with the cause rather than with what followed from
 * it: a pipe that broke, a program that was stopped.
 */
export async function together(stop: AbortController, works: readonly Promise<unknown>[]): Promise<void> {
  const errors: unknown[] = [];
  await Promise.all(
    works.map(async (work) => {
      try {
        await work;
      } catch (error) {
        errors.push(error);
        // A pipe breaks because its reader ended, and that is told by another one that is not to be stopped before.
        if (isConsequence(error)) setImmediate(() => stop.abort());
        else stop.abort();
      }
    }),
  );
  if (errors.length > 0) throw errors.find((error) => !isConsequence(error)) ?? errors[0];
}

function isConsequence(error: unknown): boolean {
  const { code, name } = error as { code?: string; name?: string };
  if (error instanceof ProgramError) return error.stopped;
  return name === "AbortError" || code === "EPIPE" || code === "ERR_STREAM_PREMATURE_CLOSE" || code === "ERR_STREAM_DESTROYED";
}

/** A controller that also aborts with the caller's signal. */
export function stopWith(signal: AbortSignal): AbortController & Disposable {
  const stop = new AbortController();
  const follow = (): void => stop.abort(signal.reason);
  if (signal.aborted) follow();
  signal.addEventListener("abort", follow, { once: true });
  return Object.assign(stop, { [Symbol.dispose]: () => signal.removeEventListener("abort", follow) });
}
