import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { messageOf } from "../../core/errors.js";
import type { Logger } from "../../core/ports.js";
import type { Upgrader } from "../../upgrade/upgrader.js";
import type { Watcher } from "../../upgrade/watcher.js";
import type { Wording } from "../texts/texts.js";
import type { StatusModel } from "../view-models.js";
import { statusIn, statusModel } from "./pages.js";
import type { WizardSessions } from "./sessions.js";
import type { Visit } from "./visit.js";

/** A comment now and then keeps proxies from closing a quiet stream, s. */
const HEARTBEAT_EVERY = 15;
/** The progress is read this often, once for all listeners, ms. */
const READ_EVERY_MS = 1000;
/** Of one process. Whoever comes later asks by polling. */
const MOST_LISTENERS = 50;
/** A listener that takes nothing any more is let go of when so much waits for it, bytes. */
const MOST_UNSENT = 1024 * 1024;

interface Listener {
  readonly res: ServerResponse;
  readonly sessionId: string;
  readonly wording: Wording;
  /** Of the last event. */
  lastId: string;
  /** Since something was sent, s. */
  quiet: number;
}

export interface EventsParts {
  readonly upgrader: Upgrader;
  readonly watcher: Watcher;
  readonly sessions: WizardSessions;
  readonly logger: Logger;
}

/**
 * Sends the status to everybody who watches: one reading serves all, and there is none while nobody watches. An event is the whole status, and
 * its id a hash of that, so that any node can tell by `Last-Event-ID` whether a listener who comes back has missed something.
 */
export class StatusEvents {
  readonly #listeners = new Set<Listener>();
  #timer: NodeJS.Timeout | undefined;
  #isTicking = false;
  /** Those whose first event is being read. */
  #coming = 0;

  constructor(private readonly parts: EventsParts) {}

  get isFull(): boolean {
    return this.#listeners.size + this.#coming >= MOST_LISTENERS;
  }

  async listen(
    req: IncomingMessage,
    res: ServerResponse,
    headers: Readonly<Record<string, string>>,
    { session, wording }: Pick<Visit, "session" | "wording">,
  ): Promise<void> {
    this.#coming++;
    try {
      const [id, model] = await this.#read();
      const listener = { res, sessionId: session?.id ?? "", wording, lastId: id, quiet: 0 };
      if (!res.destroyed) this.#open(req, res, headers, listener, model);
    } finally {
      this.#coming--;
    }
  }

  #open(
    req: IncomingMessage,
    res: ServerResponse,
    headers: Readonly<Record<string, string>>,
    listener: Listener,
    model: StatusModel,
  ): void {
    const id = listener.lastId;
    res.writeHead(200, {
      ...headers,
      "Content-Type": "text/event-stream; charset=utf-8",
      "Cache-Control": "no-store, no-transform",
      "X-Accel-Buffering": "no",
      Connection: "keep-alive",
    });
    if (req.method === "HEAD") return void res.end();
    res.write("retry: 2000\n\n");
    const isKnown = req.headers["last-event-id"] === id;
    res.write(isKnown ? `id: ${id}\nevent: unchanged\ndata: {}\n\n` : eventOf(id, model, listener.wording));
    this.#listeners.add(listener);
    res.on("close", () => this.#listeners.delete(listener));
    this.#timer ??= setInterval(() => void this.#tick(), READ_EVERY_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const { res } of this.#listeners) res.end();
    this.#listeners.clear();
  }

  async #tick(): Promise<void> {
    if (this.#listeners.size === 0) return this.close();
    if (this.#isTicking) return;
    this.#isTicking = true;
    try {
      await this.#endWithoutSession();
      if (this.#listeners.size > 0) this.#tell(...(await this.#read()));
    } catch (error) {
      this.parts.logger.warn(`upgate: the progress can't be read: ${messageOf(error)}`);
      for (const listener of this.#listeners) this.#keepAlive(listener);
    }
    this.#isTicking = false;
  }

  /** Signed out, sealed or expired, on whatever node that happened: whoever has no session any more hears nothing more. */
  async #endWithoutSession(): Promise<void> {
    const ids = new Set([...this.#listeners].map(({ sessionId }) => sessionId));
    const open = await this.parts.sessions.openOf([...ids]);
    for (const listener of this.#listeners) {
      if (open.has(listener.sessionId)) continue;
      this.#listeners.delete(listener);
      listener.res.end();
    }
  }

  #tell(id: string, model: StatusModel): void {
    for (const listener of this.#listeners) {
      if (listener.lastId === id) this.#keepAlive(listener);
      else if (this.#send(listener, eventOf(id, model, listener.wording))) listener.lastId = id;
    }
  }

  #keepAlive(listener: Listener): void {
    if (++listener.quiet >= HEARTBEAT_EVERY) this.#send(listener, ": heartbeat\n\n");
  }

  #send(listener: Listener, chunk: string): boolean {
    const { res } = listener;
    listener.quiet = 0;
    if (res.writableLength <= MOST_UNSENT) {
      res.write(chunk);
      return true;
    }
    this.#listeners.delete(listener);
    res.destroy();
    return false;
  }

  async #read(): Promise<readonly [id: string, model: StatusModel]> {
    const { upgrader, watcher } = this.parts;
    const model = statusModel(await upgrader.statusOf(watcher.state));
    return [createHash("sha256").update(JSON.stringify(model)).digest("hex").slice(0, 16), model];
  }
}

function eventOf(id: string, model: StatusModel, wording: Wording): string {
  return `id: ${id}\ndata: ${JSON.stringify(statusIn(wording, model))}\n\n`;
}
