import type { IncomingMessage, ServerResponse } from "node:http";
import type { VersionState } from "../../core/version-state.js";
import type { Upgrader } from "../../upgrade/upgrader.js";
import type { Watcher } from "../../upgrade/watcher.js";
import { messageOf } from "../../core/errors.js";
import type { Logger } from "../../core/ports.js";
import { statusModel } from "./pages.js";

/** A comment now and then keeps proxies from closing a quiet stream. */
const HEARTBEAT_EVERY = 15;
/** While a run is under way its progress is read this often, once for all listeners, ms. */
const READ_EVERY_MS = 1000;

/** Sends the status to everybody who watches: one reading serves all, and there is none while nobody watches. */
export class StatusEvents {
  /** Each with whether its session is still open. */
  readonly #listeners = new Map<ServerResponse, () => Promise<boolean>>();
  #timer: NodeJS.Timeout | undefined;
  #lastSent = "";
  #quiet = 0;

  constructor(
    private readonly upgrader: Upgrader,
    private readonly watcher: Watcher,
    private readonly logger: Logger,
  ) {}

  /** `isOpen`: whether the listener may still hear; asked again before everything that is sent. */
  async listen(
    req: IncomingMessage,
    res: ServerResponse,
    headers: Readonly<Record<string, string>>,
    isOpen: () => Promise<boolean>,
  ): Promise<void> {
    const first = await this.#read(this.watcher.state);
    res.writeHead(200, {
      ...headers,
      "Content-Type": "text/event-stream; charset=utf-8",
      "Cache-Control": "no-store, no-transform",
      "X-Accel-Buffering": "no",
      Connection: "keep-alive",
    });
    if (req.method === "HEAD") return void res.end();
    res.write(`retry: 2000\n\ndata: ${first}\n\n`);
    this.#listeners.set(res, isOpen);
    res.on("close", () => this.#listeners.delete(res));
    this.#timer ??= setInterval(() => void this.#tick(), READ_EVERY_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const res of this.#listeners.keys()) res.end();
    this.#listeners.clear();
  }

  async #tick(): Promise<void> {
    if (this.#listeners.size === 0) return this.close();
    try {
      await this.#dismissSignedOut();
      const text = await this.#read(this.watcher.state);
      if (text !== this.#lastSent) this.#send(`data: ${text}\n\n`);
      else if (++this.#quiet >= HEARTBEAT_EVERY) this.#send(": still here\n\n");
      this.#lastSent = text;
    } catch (error) {
      this.logger.warn(`upgate: the progress can't be read: ${messageOf(error)}`);
    }
  }

  async #dismissSignedOut(): Promise<void> {
    for (const [res, isOpen] of this.#listeners) if (!(await isOpen())) res.end();
  }

  #send(chunk: string): void {
    this.#quiet = 0;
    for (const res of this.#listeners.keys()) if (!res.writableEnded) res.write(chunk);
  }

  async #read(state: VersionState): Promise<string> {
    return JSON.stringify(statusModel(await this.upgrader.statusOf(state)));
  }
}
