import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { TestContext } from "node:test";
import express from "express";
import express4 from "express4";
import { deriveVersionState } from "../../../src/core/derive-version-state.js";
import type { VersionState } from "../../../src/core/version-state.js";
import { createGuard, type GuardParts } from "../../../src/web/guard.js";
import { type Handler, installerMatcher } from "../../../src/web/http.js";
import { InFlight } from "../../../src/web/in-flight.js";
import { BUNDLED_LANGUAGES } from "../../../src/core/languages.js";
import { maintenanceAnswer } from "../../../src/web/maintenance.js";
import { Renderer } from "../../../src/web/render.js";
import { Texts } from "../../../src/web/texts/texts.js";
import { facts, run } from "./facts.js";

/** What stands before the guard, as a host may have it. */
type Before = (req: IncomingMessage, res: ServerResponse) => void;

const APPLICATION = "the application";
export const GRACE_MS = 300;

type Application = (req: IncomingMessage, res: ServerResponse) => void;

const shortText: Application = (_req, res) => {
  res.setHeader("Content-Type", "text/plain");
  res.end(APPLICATION);
};

function mountInExpress(make: typeof express, guard: Handler, before: Before, application: Application): Server {
  const app = make();
  app.use((req, res, next) => {
    before(req, res);
    next();
  });
  app.use(guard);
  app.use(application);
  return createServer(app);
}

/** The three hosts that the guard promises to work in; the same contract holds in each. */
export const HOSTS: Readonly<Record<string, (guard: Handler, before: Before, application: Application) => Server>> = {
  "Express 5": (guard, before, application) => mountInExpress(express, guard, before, application),
  "Express 4": (guard, before, application) => mountInExpress(express4, guard, before, application),
  "node:http": (guard, before, application) =>
    createServer((req, res) => {
      before(req, res);
      guard(req, res, () => application(req, res));
    }),
};

export interface Guarded {
  readonly server: Server;
  readonly inFlight: InFlight;
  /** Opens and closes the gate, as the watcher does. */
  readonly gate: { openUntilMs: number };
  setState(state: VersionState): void;
}

export const STATES = {
  current: deriveVersionState(facts()),
  behind: deriveVersionState(facts({ row: "8.6.0" })),
  running: deriveVersionState(facts({ row: "8.6.0", run: run(), leaseAlive: true })),
  unknown: deriveVersionState(facts({ row: "abc" })),
} as const;

export type GuardedOptions = Partial<Pick<GuardParts, "ready" | "isReady" | "probes" | "isApplicationLoaded" | "logger">> & {
  readonly before?: Before;
  /** Default: a short text. */
  readonly application?: Application;
  readonly installPath?: string;
  readonly basePath?: string;
  readonly branding?: Parameters<typeof maintenanceAnswer>[1];
};

/** A guarded application on a port of its own; the gate is closed and the state `behind` until the test says otherwise. */
export async function guarded(
  t: TestContext,
  host: string,
  { before = () => {}, branding = {}, application, installPath = "/install", basePath = "", ...options }: GuardedOptions = {},
): Promise<Guarded> {
  let state: VersionState = STATES.behind;
  const gate = { openUntilMs: -Infinity };
  const isInstaller = installerMatcher(installPath, basePath);
  const inFlight = new InFlight({ graceMs: GRACE_MS, isOwn: isInstaller, nowMs: () => performance.now() });
  const guard = createGuard({
    gate,
    state: () => state,
    ready: Promise.resolve(),
    isReady: () => true,
    isInstaller,
    inFlight,
    probes: { live: "/healthz/live", ready: "/healthz/ready", open: "/healthz/open" },
    isApplicationLoaded: () => true,
    answer: maintenanceAnswer(new Renderer([]), branding, new Texts(BUNDLED_LANGUAGES, {})),
    logger: console,
    bypass: null,
    ...options,
  });
  const server = (HOSTS[host] as (typeof HOSTS)[string])(guard, before, application ?? shortText);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, inFlight, gate, setState: (next) => (state = next) };
}

export function isApplication(reply: { readonly status: number; readonly body: string }): boolean {
  return reply.status === 200 && reply.body === APPLICATION;
}
