import type { Server } from "node:http";
import type { Knex } from "knex";
import { messageOf } from "../core/errors.js";
import type { UpgateOptions } from "../core/options.js";
import type { VersionState } from "../core/version-state.js";
import { DeferredWrites } from "../store/deferred-writes.js";
import { driverMessage } from "../store/driver-errors.js";
import { openContext } from "../upgrade/open-context.js";
import { presentInstallFolder } from "../upgrade/install-folder.js";
import { resolveSettings } from "../upgrade/settings.js";
import { Upgrader } from "../upgrade/upgrader.js";
import { Watcher } from "../upgrade/watcher.js";
import { Drain, type GateHook } from "../upgrade/drain.js";
import type { OwnNode } from "../upgrade/health-nodes.js";
import type { OwnProcess } from "../upgrade/node-checks.js";
import { HostPool } from "../upgrade/host-pool.js";
import { type EnterOptions, Entrance, type WaitOptions } from "./entrance.js";
import { attachGate } from "./attach.js";
import { type Badge, badgeModel, type BadgeOptions, renderBadge } from "./badge.js";
import { createGuard, type GuardOptions } from "./guard.js";
import { exitProcess, exitWhenReplaced } from "./exit-process.js";
import { type Handler, installerMatcher } from "./http.js";
import { InFlight } from "./in-flight.js";
import { lazyHandler } from "./lazy-handler.js";
import { maintenanceAnswer } from "./maintenance.js";
import { Renderer } from "./render.js";
import { Hosting, type LoadApplication, type ServeOptions } from "./serve.js";
import { Texts, type Wording } from "./texts/texts.js";
import type { Installer } from "./wizard/installer.js";
import type { BadgeModel } from "./view-models.js";
import { watchFeed } from "./watched-feed.js";
import type { WizardSessions } from "./wizard/sessions.js";

/** Guard, installer and admin side of one application in one process. */
export interface Upgate {
  /** Listens at once: gate and wizard answer. The application is loaded once the gate is open. Resolves when the port is bound. */
  serve(load: LoadApplication, options?: ServeOptions): Promise<Server>;
  /** The middleware that keeps requests out while the gate is closed; mount it before everything else. */
  guard(options?: GuardOptions): Handler;
  /** The wizard; mount it at `installPath`, after the guard. */
  installer(): Handler;
  /** The System Health page; mount it behind the host's own admin check. */
  health(): Handler;
  /** The version badge for the dashboard. `language`: one of the option `languages`, default its first; another one throws `ERR_UPGATE_OPTIONS`. */
  badge(options?: BadgeOptions): Promise<Badge>;
  /**
   * The same for a page that fetches it, as JSON; mount it behind the host's own admin check, e.g. `app.get("/admin/version", requireAdmin,
   * upgate.badgeHandler())`.
   */
  badgeHandler(): Handler;
  /** Settles with the first reading of the state, also when it failed. */
  ready(): Promise<void>;
  /** The state as last read, at most `pollMs` ago. */
  state(): VersionState;
  /**
   * The host's knex: the instance given, or one made from the option. It carries a gate: while this node is closed every statement is
   * refused with `ERR_UPGATE_GATE_CLOSED`, but for those of requests that were let in before.
   */
  readonly knex: Knex;
  /** The one door to an upgrade. */
  readonly upgrader: Upgrader;
  /** Gates the WebSocket upgrades of a server that the host made itself; `serve` does it by itself. */
  attach(server: Server): void;
  /** Resolves when the gate is open; at once when it is. For what is no request: `await upgate.whenOpen(); await job()`. */
  whenOpen(options?: WaitOptions): Promise<void>;
  /**
   * Waits until the gate is open, and counts what follows as under way until the function returned is called: an upgrade
   * waits for it. `const leave = await upgate.enter({ name: "invoices" }); try { … } finally { leave(); }`
   */
  enter(options?: EnterOptions): Promise<() => void>;
  /**
   * Called, and awaited by the upgrade, each time the gate closes: pause a worker, end an event stream. Returns what takes it back. A
   * function that fails is reported and holds nothing up.
   */
  onClose(hook: GateHook): () => void;
  /** Called each time the gate opens, the first time too. Returns what takes it back. */
  onOpen(hook: GateHook): () => void;
  /** Stops the timers, deregisters the node, closes what upgate has opened (the server of `serve`, its connections). */
  close(): Promise<void>;
}

/**
 * Makes upgate for one application. Throws `ERR_UPGATE_OPTIONS` with every problem of the options at once, or
 * `ERR_UPGATE_DRIVER_MISSING`; writes nothing then. A database that can't be reached is no error here: the gate stays
 * closed and opens by itself.
 */
export function createUpgate(options: UpgateOptions): Upgate {
  const settings = resolveSettings(options);
  const { installPath, basePath, branding, probes } = settings.options;
  const context = openContext(settings);
  const upgrader = new Upgrader(context);
  const isInstaller = installerMatcher(installPath, basePath);
  const inFlight = new InFlight({ graceMs: settings.options.drainTimeoutMs, isOwn: isInstaller, nowMs: context.store.clock.nowMs });
  const drain = new Drain(inFlight, context.logger);
  const pool = new HostPool(context, () => watcher);
  const exit = exitProcess(() => close(), context.logger);
  const end = (): void => {
    drain.cut();
    if (pool.isKnown) pool.cut();
    // A handler that writes through a pool of its own goes on writing after its connection is gone.
    else if (!drain.isOver)
      exit.now("The operator has ended the requests under way, and the database connections of the application are not known.");
  };
  const watcher = new Watcher(context, { upgrader, drain, end });
  const key = import("../upgrade/install-key.js").then(({ InstallKey }) => new InstallKey(context));
  const renderer = new Renderer(settings.views);
  const texts = new Texts(settings.options.languages, settings.options.texts);
  const answer = maintenanceAnswer(renderer, branding, texts);
  const writes = new DeferredWrites((error) =>
    context.logger.error(`upgate: a record could not be written: ${driverMessage(error)}`, error),
  );
  const installerAddress = basePath + installPath;
  let opened: Promise<WizardSessions> | undefined;
  const sessions = (): Promise<WizardSessions> =>
    (opened ??= import("./wizard/sessions.js").then(({ WizardSessions: Sessions }) => new Sessions(context.store, writes)));
  const own = async (): Promise<OwnProcess> => ({ trouble: await watcher.trouble(), isPoolKnown: pool.isKnown });
  let wizard: Installer | null = null;
  const installer = lazyHandler(async () => {
    const { createInstaller } = await import("./wizard/installer.js");
    const parts = {
      context,
      watcher,
      upgrader,
      key: await key,
      writes,
      sessions: await sessions(),
      own,
      offersBypass: () => bypassing !== null,
    };
    wizard = createInstaller(parts, renderer, texts, answer);
    return wizard.handler;
  });
  const feed = watchFeed(context, watcher);
  const badgeIn = (wording: Wording): BadgeModel => {
    const facts = { installFolder: presentInstallFolder(settings), news: feed.news() };
    return badgeModel(watcher.state, installerAddress, wording, facts);
  };
  const health = lazyHandler(async () => {
    const { createHealth } = await import("./health.js");
    const node = async (): Promise<OwnNode> => {
      const isOpen = watcher.gate.openUntilMs > context.store.clock.nowMs();
      return { id: await watcher.nodeId(), isOpen, inFlight: drain.list().length };
    };
    return createHealth(context, watcher, renderer, { own, node }, badgeIn, texts);
  });
  const readBadge = async (wording: Wording): Promise<Badge> => {
    await watcher.ready;
    return renderBadge(renderer, badgeIn(wording));
  };
  const badgeHandler = lazyHandler(async () => {
    const { createBadgeHandler } = await import("./badge-handler.js");
    return createBadgeHandler(texts, readBadge);
  });
  let isReady = false;
  void watcher.ready.then(() => (isReady = true));

  const guardParts = {
    gate: watcher.gate,
    inFlight,
    isInstaller,
    state: () => watcher.state,
    ready: watcher.ready,
    isReady: () => isReady,
    probes,
    isApplicationLoaded: () => hosting.isApplicationLoaded,
    answer,
    logger: context.logger,
  };
  const plain = createGuard({ ...guardParts, bypass: null });
  let bypassing: Handler | null = null;
  const bypass = { gate: watcher.bypass, admits: async (cookie: string) => (await sessions()).mayLook(cookie) };
  const guard = (given: GuardOptions = {}): Handler =>
    given.bypass === true ? (bypassing ??= createGuard({ ...guardParts, bypass })) : plain;
  const attach = (server: Server): void => attachGate(server, watcher.gate, inFlight);
  const entrance = new Entrance(watcher, inFlight);
  const hosting = new Hosting({ guard, installer, installPath, basePath, logger: context.logger, attach });

  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => (closing ??= closeAll());
  async function closeAll(): Promise<void> {
    wizard?.close();
    await upgrader.close();
    await writes.flush();
    writes.close();
    // A balancer that finds the port closed sends visitors elsewhere, while what was let in goes on.
    const hostingClosed = hosting.close();
    await feed.close();
    await watcher.close();
    hosting.closeIdle();
    await keyFollowing;
    await hostingClosed;
    await pool.close();
    context.integrity.close();
    await context.store.close();
  }

  let keyFollowing = Promise.resolve();
  watcher.onReading((state) => {
    // A session that could not be written during the upgrade is none to seal behind.
    keyFollowing = Promise.all([key, writes.flush()])
      .then(([one]) => one.follow(state))
      .catch((error: unknown) => context.logger.error(messageOf(error), error));
  });
  if (settings.options.restart === "exit") watcher.onReading(exitWhenReplaced(exit));
  watcher.start();

  return {
    serve(load, serveOptions = {}) {
      const listening = hosting.listen(load, serveOptions);
      const loadWhenOpen = (state: VersionState): void => {
        if (state.kind === "current" || state.kind === "held") hosting.open(load);
      };
      const ignoreFailure = (): void => undefined; // the caller has the promise itself
      void listening.then(() => {
        loadWhenOpen(watcher.state);
        watcher.onReading(loadWhenOpen);
      }, ignoreFailure);
      return listening;
    },
    guard,
    installer: () => installer,
    health: () => health,
    badge: async (badgeOptions) => readBadge(texts.inOffered(badgeOptions?.language)),
    badgeHandler: () => badgeHandler,
    ready: () => watcher.ready,
    state: () => watcher.state,
    get knex() {
      return pool.knex;
    },
    upgrader,
    attach,
    whenOpen: (waitOptions) => entrance.whenOpen(waitOptions),
    enter: (waitOptions) => entrance.enter(waitOptions),
    onClose: (hook) => drain.onClose(hook),
    onOpen: (hook) => drain.onOpen(hook),
    close,
  };
}
