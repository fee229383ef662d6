import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Admissions, Admitted } from "../upgrade/drain.js";
import { type MountedRequest, requestPath } from "./http.js";

/** The newest request of a connection, and where clients pipeline the ones before it. */
interface Visit {
  res: Response;
  sinceMs: number;
  earlier: { readonly res: Response; readonly sinceMs: number }[];
}

type Response = Pick<ServerResponse, "writableEnded" | "writableFinished" | "destroyed" | "destroy"> & { readonly req?: IncomingMessage };

const VISIT = Symbol("upgate.visit");
type Visited = { [VISIT]?: Visit };

/** In the place of a response that is over: an idle connection must not keep its last request alive. */
const OVER: Response = { writableEnded: true, writableFinished: true, destroyed: true, destroy: () => OVER as ServerResponse };

export interface InFlightOptions {
  /** A handler that goes on after its client has gone is waited for this long, ms: one that never ends its response can't be told apart. */
  readonly graceMs: number;
  /** Requests that need no waiting for: upgate's own. */
  readonly isOwn: (req: MountedRequest) => boolean;
  /** Monotonic, ms. */
  readonly nowMs: () => number;
}

/**
 * Counts requests from the guard's passing them on until their handlers have ended the response, also those whose clients have gone
 * meanwhile: `close` of the response comes too early then, and with pipelined requests not at all (Node 20 and 22). So what
 * is kept is the connection's newest response, and whether it is over is asked when somebody wants to know.
 */
export class InFlight implements Admissions {
  readonly #visits = new Set<Visit>();
  /** Of connections that are gone, and of those that are none of node:http's. */
  readonly #strays = new Map<Response, { readonly sinceMs: number; goneMs: number | null }>();
  readonly #sockets = new Map<Duplex, { readonly req: IncomingMessage; readonly sinceMs: number }>();
  readonly #work = new Set<{ readonly name: string; readonly sinceMs: number }>();

  constructor(private readonly options: InFlightOptions) {}

  /** On every request's path: no allocation where a connection is used again. */
  enter(req: IncomingMessage, res: ServerResponse, nowMs: number): void {
    const visit = (req.socket as Visited | undefined)?.[VISIT];
    if (visit !== undefined && visit.res.writableFinished) {
      visit.res = res;
      visit.sinceMs = nowMs;
    } else this.#enterAnew(req, res, nowMs, visit);
  }

  #enterAnew(req: IncomingMessage, res: ServerResponse, sinceMs: number, visit: Visit | undefined): void {
    if (visit !== undefined) {
      if (visit.res === res) return; // the guard is mounted twice
      visit.earlier = visit.earlier.filter(({ res: one }) => isLive(one));
      visit.earlier.push({ res: visit.res, sinceMs: visit.sinceMs });
      visit.res = res;
      visit.sinceMs = sinceMs;
    } else if (req.httpVersionMajor === 1 && typeof req.socket?.once === "function") this.#follow(req, res, sinceMs);
    else {
      // HTTP/2's streams share a connection; tests inject requests without one.
      const stray = { sinceMs, goneMs: null as number | null };
      this.#strays.set(res, stray);
      res.once("close", () => (stray.goneMs = this.options.nowMs()));
    }
  }

  #follow(req: IncomingMessage, res: ServerResponse, sinceMs: number): void {
    const visit: Visit = { res, sinceMs, earlier: [] };
    (req.socket as Visited)[VISIT] = visit;
    this.#visits.add(visit);
    req.socket.once("close", () => {
      this.#visits.delete(visit);
      const goneMs = this.options.nowMs();
      for (const one of [...visit.earlier, visit]) if (!one.res.writableEnded) this.#strays.set(one.res, { sinceMs: one.sinceMs, goneMs });
    });
  }

  /** A connection that has become a WebSocket: in flight until it is closed. */
  enterSocket(req: IncomingMessage, socket: Duplex): void {
    this.#sockets.set(socket, { req, sinceMs: this.options.nowMs() });
    socket.once("close", () => this.#sockets.delete(socket));
  }

  /** A unit of the host's work outside any request. Returns its end. */
  enterWork(name: string): () => void {
    const unit = { name, sinceMs: this.options.nowMs() };
    this.#work.add(unit);
    return () => void this.#work.delete(unit);
  }

  /** What is in flight now, the oldest first. Lets go of what is over. */
  list(): Admitted[] {
    const now = this.options.nowMs();
    const requests = [...this.#live(now), ...this.#sockets.values()]
      .filter(({ req }) => req === undefined || !this.options.isOwn(req))
      .map(({ req, sinceMs }) => ({ method: req?.method ?? "?", path: req === undefined ? "?" : requestPath(req), ageMs: now - sinceMs }));
    const work = [...this.#work].map(({ name, sinceMs }) => ({ method: "work", path: name, ageMs: now - sinceMs }));
    return [...requests, ...work].toSorted((a, b) => b.ageMs - a.ageMs);
  }

  /** Cuts the connections of all that is in flight. Handlers may go on: only their answers are lost. */
  cut(): void {
    for (const { res } of this.#live(this.options.nowMs())) res.destroy();
    for (const socket of this.#sockets.keys()) socket.destroy();
  }

  #live(nowMs: number): { res: Response; req: IncomingMessage | undefined; sinceMs: number }[] {
    const found: { res: Response; sinceMs: number }[] = [];
    for (const visit of this.#visits) {
      visit.earlier = visit.earlier.filter(({ res }) => isLive(res));
      found.push(...visit.earlier);
      if (isLive(visit.res)) found.push({ res: visit.res, sinceMs: visit.sinceMs });
      else visit.res = OVER;
    }
    for (const [res, { sinceMs, goneMs }] of this.#strays) {
      const isOver = goneMs === null ? !isLive(res) : res.writableEnded || nowMs - goneMs > this.options.graceMs;
      if (isOver) this.#strays.delete(res);
      else found.push({ res, sinceMs });
    }
    return found.map(({ res, sinceMs }) => ({ res, req: res.req, sinceMs }));
  }
}

/** Ended by its handler and written, or ended and nobody there to read it. */
function isLive({ writableEnded, writableFinished, destroyed }: Response): boolean {
  return !(writableEnded && (writableFinished || destroyed));
}
