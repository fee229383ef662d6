import type { IncomingMessage, ServerResponse } from "node:http";
import { performance } from "node:perf_hooks";
import type { ProbeOptions } from "../core/options.js";
import type { Logger } from "../core/ports.js";
import { maintenanceCode, type VersionState } from "../core/version-state.js";
import type { Gate } from "../upgrade/watcher.js";
import { type Handler, type MountedRequest, type Next, pathOf } from "./http.js";
import type { InFlight } from "./in-flight.js";
import type { MaintenanceAnswer } from "./maintenance.js";
import { mountedBefore } from "./mount-order.js";
import { forgetCaching, NO_STORE } from "./no-store.js";

/** A request that comes before the first reading of the state is held this long, ms. */
const FIRST_STATE_WAIT_MS = 2000;

export interface GuardOptions {
  /**
   * While a run with `hold` keeps the site closed to visitors, lets in the operator who has pressed **Look at the Site** in the wizard.
   * Default: false.
   */
  readonly bypass?: boolean;
}

/** The operator's own way in. */
export interface Bypass {
  readonly gate: Gate;
  /** By the request's `Cookie` header. */
  admits(cookieHeader: string): Promise<boolean>;
}

export interface GuardParts {
  readonly gate: Gate;
  readonly state: () => VersionState;
  /** Settles with the first reading of the state. */
  readonly ready: Promise<void>;
  readonly isReady: () => boolean;
  readonly isInstaller: (req: MountedRequest) => boolean;
  readonly inFlight: InFlight;
  readonly probes: Readonly<ProbeOptions> | false;
  /** Whether the application itself can answer; in `serve` it is loaded only once the gate is open. */
  readonly isApplicationLoaded: () => boolean;
  readonly answer: MaintenanceAnswer;
  readonly bypass: Bypass | null;
  readonly logger: Logger;
}

/**
 * The guard. Its pass path reads one number, compares it with the monotonic clock, notes the response, and calls `next`: no I/O, no
 * promise, no allocation on a connection that is used again. Everything else is off that path.
 */
export function createGuard(options: GuardParts): Handler {
  const { gate, probes, inFlight, isInstaller, bypass } = options;
  const probeKinds = new Map(probes === false ? [] : (["live", "ready", "open"] as const).map((kind) => [probes[kind], kind] as const));
  // A probe must be answered while the gate is open, too: a look at two letters spares nearly all requests the look-up.
  const [firsts, seconds] = [new Uint8Array(128), new Uint8Array(128)];
  for (const path of probeKinds.keys()) firsts[path.charCodeAt(1) & 127] = seconds[path.charCodeAt(2) & 127] = 1;

  function maybeProbe(url: string): boolean {
    return firsts[url.charCodeAt(1) & 127] === 1 && seconds[url.charCodeAt(2) & 127] === 1;
  }

  let isFirst = true;

  return function upgateGuard(req: IncomingMessage, res: ServerResponse, next: Next): void {
    if (isFirst) warnOfMountOrder(req, upgateGuard);
    const nowMs = performance.now();
    if (gate.openUntilMs > nowMs && !maybeProbe(req.url as string)) {
      inFlight.enter(req, res, nowMs);
      next();
    } else offPassPath(req, res, next);
  };

  function warnOfMountOrder(req: IncomingMessage, guard: Handler): void {
    isFirst = false;
    const before = mountedBefore(req, guard);
    if (before.length > 0)
      options.logger.warn(
        `upgate: mounted before the guard, so open even while the site is closed: ${before.join(", ")}. Mount the guard first.`,
      );
  }

  function offPassPath(req: IncomingMessage, res: ServerResponse, next: Next): void {
    const probe = probeKinds.get(pathOf(req.url ?? "/"));
    if (probe !== undefined) answerProbe(res, probe);
    else if (gate.openUntilMs > performance.now()) pass(req, res, next);
    else if (isInstaller(req)) next();
    else if (!options.isReady()) void holdUntilReady(req, res, next);
    else if (bypass && bypass.gate.openUntilMs > performance.now() && req.headers.cookie !== undefined)
      void letOperatorIn(bypass, req.headers.cookie, req, res, next);
    else refuse(req, res);
  }

  function refuse(req: IncomingMessage, res: ServerResponse): void {
    options.answer(req, res, maintenanceCode(options.state().kind) ?? "Err1");
  }

  async function letOperatorIn(
    { gate: held, admits }: Bypass,
    cookie: string,
    req: IncomingMessage,
    res: ServerResponse,
    next: Next,
  ): Promise<void> {
    // Unreadable sessions admit nobody.
    const isOperator = await admits(cookie).catch(() => false);
    if (isOperator && held.openUntilMs > performance.now()) pass(req, res, next);
    else if (!res.destroyed) refuse(req, res);
  }

  async function holdUntilReady(req: IncomingMessage, res: ServerResponse, next: Next): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, FIRST_STATE_WAIT_MS).unref()));
    await Promise.race([options.ready, timeout]);
    clearTimeout(timer);
    if (gate.openUntilMs > performance.now()) pass(req, res, next);
    else if (!res.destroyed) refuse(req, res);
  }

  function pass(req: IncomingMessage, res: ServerResponse, next: Next): void {
    inFlight.enter(req, res, performance.now());
    next();
  }

  function answerProbe(res: ServerResponse, kind: keyof ProbeOptions): void {
    const open = gate.openUntilMs > performance.now() && options.isApplicationLoaded();
    const ok = kind === "live" || (kind === "ready" ? options.isReady() : open);
    const body = ok ? "ok\n" : "no\n";
    forgetCaching(res);
    res.writeHead(ok ? 200 : 503, {
      "Content-Type": "text/plain; charset=utf-8",
      "Content-Length": body.length,
      ...NO_STORE,
    });
    res.end(body);
  }
}
