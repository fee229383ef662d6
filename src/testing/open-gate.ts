import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Knex } from "knex";
import { configFileOf } from "../core/config-file.js";
import { messageOf, UpgateError } from "../core/errors.js";
import { checkOptions, refuseProblems } from "../core/check-options.js";
import type { Database, ParsedOptions, UpgateOptions } from "../core/options.js";
import { deriveVersionState } from "../core/derive-version-state.js";
import type { VersionState } from "../core/version-state.js";
import { connectHost, databaseSource } from "../store/connect.js";
import { pendingCheck, versionCheck } from "../upgrade/checks.js";
import { type HealthReport, judge } from "../upgrade/health-report.js";
import { badgeModel, renderBadge } from "../web/badge.js";
import { createBadgeHandler } from "../web/badge-handler.js";
import { createGuard } from "../web/guard.js";
import { InFlight } from "../web/in-flight.js";
import { healthHandler } from "../web/health.js";
import { type Handler, installerMatcher } from "../web/http.js";
import { Renderer } from "../web/render.js";
import { Hosting, type LoadApplication } from "../web/serve.js";
import { Texts, type Wording } from "../web/texts/texts.js";
import type { Upgate } from "../web/upgate.js";
import type { BadgeModel, NotesModel } from "../web/view-models.js";
import { refusingUpgrader } from "./refusing-upgrader.js";

/** The application's own options, or what of them its tests need. Default version: `0.0.0`. */
export type OpenGateOptions = Partial<UpgateOptions>;

/**
 * An `Upgate` for the tests of an application: the gate is open from the start, the installer sealed, the state `current`.
 * No timers, no files are written, and no connection is made before `knex` is used. The guard answers the probes. `knex`
 * comes from the option `database`, and without it throws `ERR_UPGATE_STATE`, as do the changing methods of `upgrader`.
 * Throws `ERR_UPGATE_OPTIONS` when the given options have problems; files that they name need not exist.
 */
export function openGate(options: OpenGateOptions = {}): Upgate {
  const settings = parse(options);
  const root = rootOf(options);
  const state = currentState(settings.version);
  const texts = new Texts(settings.languages, settings.texts);
  const badge: BadgeIn = (wording) => badgeModel(state, settings.basePath + settings.installPath, wording);
  const renderer = new Renderer(settings.views.map((folder) => toPath(folder, root)));
  const hosting = new OpenHosting(settings, state);
  const connections = new LazyKnex(options.database === undefined ? null : settings.database.app, root);
  const health = openHealth(settings, state, badge, renderer, texts);
  const badgeHandler = createBadgeHandler(texts, async (wording) => renderBadge(renderer, badge(wording)));
  const upgate: Omit<Upgate, "knex"> = {
    serve: (load, serveOptions) => hosting.serve(load, serveOptions),
    guard: () => hosting.guard,
    installer: () => sealedInstaller,
    health: () => health,
    badge: async (badgeOptions) => renderBadge(renderer, badge(texts.inOffered(badgeOptions?.language))),
    badgeHandler: () => badgeHandler,
    ready: async () => undefined,
    state: () => state,
    upgrader: refusingUpgrader(state),
    attach: () => undefined,
    whenOpen: async () => undefined,
    enter: async () => () => undefined,
    onClose: () => () => undefined,
    onOpen: (hook) => {
      void (async () => hook())();
      return () => undefined;
    },
    async close() {
      await hosting.close();
      await connections.close();
    },
  };
  // Not enumerable, so that a test that prints or copies the object does not ask for a database.
  return Object.defineProperty(upgate, "knex", { get: () => connections.knex }) as Upgate;
}

type BadgeIn = (wording: Wording) => BadgeModel;

function openHealth({ branding, logger }: ParsedOptions, state: VersionState, badge: BadgeIn, renderer: Renderer, texts: Texts): Handler {
  const groups = [{ title: "Release", checks: [versionCheck(state), pendingCheck(state)] }];
  const { kind, reason, remedy } = state;
  const report = { product: branding.name ?? null, generatedAt: new Date().toISOString(), state: { kind, reason, remedy }, groups };
  const read = async (): Promise<HealthReport> => ({
    ...report,
    ...judge(groups),
    nodes: [],
    backup: null,
    runs: [],
    versions: null,
    settings: {},
  });
  const notes = async (): Promise<NotesModel> => ({ notesHtml: null, notesUrl: null });
  return healthHandler({ read, badge, notes, runReport: async () => null, branding, renderer, texts, logger });
}

/** What `openGate` is not given it needs not; the check wants it all the same. */
function parse(options: OpenGateOptions): ParsedOptions {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const { value, problems } = checkOptions(
    { version: "0.0.0", database: "mysql://127.0.0.1/none", migrations: "./migrations", ...given },
    {},
  );
  refuseProblems(problems);
  return value;
}

function rootOf(options: OpenGateOptions): string {
  const file = options.configFile ?? configFileOf(options);
  return file === null ? process.cwd() : path.dirname(toPath(file, process.cwd()));
}

function toPath(file: string | URL, root: string): string {
  return file instanceof URL || file.startsWith("file:") ? fileURLToPath(file) : path.resolve(root, file);
}

function currentState(version: string): VersionState {
  return deriveVersionState({
    codeVersion: version,
    filesVersion: version,
    pending: [],
    release: {},
    files: null,
    database: {
      kind: "read",
      versionRow: { kind: "text", text: version },
      hasHistory: true,
      hasForeignTables: true,
      run: null,
      leaseAlive: false,
      newerProtocol: false,
      historyOrigin: "own",
    },
  });
}

const sealedInstaller: Handler = function upgateInstaller(_req, _res, next) {
  next();
};

/** `serve` as the real one listens, but it resolves once the application is loaded, and rejects when that fails. */
class OpenHosting {
  readonly guard: Handler;
  readonly #hosting: Hosting;
  #isServing = false;
  #isLoaded = false;

  constructor({ probes, installPath, basePath, drainTimeoutMs, logger }: ParsedOptions, state: VersionState) {
    const isInstaller = installerMatcher(installPath, basePath);
    this.guard = createGuard({
      gate: { openUntilMs: Infinity },
      state: () => state,
      ready: Promise.resolve(),
      isReady: () => true,
      isInstaller,
      inFlight: new InFlight({ graceMs: drainTimeoutMs, isOwn: isInstaller, nowMs: () => performance.now() }),
      probes,
      isApplicationLoaded: () => !this.#isServing || this.#isLoaded,
      answer: () => undefined,
      bypass: null,
      logger,
    });
    this.#hosting = new Hosting({
      guard: () => this.guard,
      installer: sealedInstaller,
      installPath,
      basePath,
      logger,
      attach: () => undefined,
    });
  }

  async serve(load: LoadApplication, options: Parameters<Upgate["serve"]>[1] = {}): ReturnType<Upgate["serve"]> {
    let loading: ReturnType<LoadApplication> | undefined;
    const loadOnce: LoadApplication = (parts) => (loading ??= load(parts));
    this.#isServing = true;
    const server = await this.#hosting.listen(loadOnce, options);
    try {
      await loadOnce({ server });
    } catch (cause) {
      await this.#hosting.close();
      throw new UpgateError("ERR_UPGATE_APPLICATION_START", `The application did not start: ${messageOf(cause)}`, { cause });
    }
    this.#isLoaded = true;
    return server;
  }

  close(): Promise<void> {
    return this.#hosting.close();
  }
}

/** Connects at the first use; an instance of the host's own stays its own. */
class LazyKnex {
  #made: Knex | null = null;

  constructor(
    private readonly database: Database | null,
    private readonly root: string,
  ) {}

  get knex(): Knex {
    if (this.#made) return this.#made;
    if (this.database === null) {
      const remedy = "Give openGate({ database }) the address of a database for the tests.";
      throw new UpgateError("ERR_UPGATE_STATE", "This gate was opened without a database, so it has no knex.", { remedy });
    }
    const source = databaseSource(this.database, this.root);
    return source.instance ?? (this.#made = connectHost(source));
  }

  async close(): Promise<void> {
    await this.#made?.destroy();
    this.#made = null;
  }
}
