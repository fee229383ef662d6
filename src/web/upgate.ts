import type { Server } from "node:http";
import type { Knex } from "knex";
import { messageOf } from "../core/errors.js";
import type { UpgateOptions } from "../core/options.js";
import type { VersionState } from "../core/version-state.js";
import { connectHost } from "../store/connect.js";
import { DeferredWrites } from "../store/deferred-writes.js";
import { driverMessage } from "../store/driver-errors.js";
import { openContext } from "../upgrade/open-context.js";
import { resolveSettings } from "../upgrade/settings.js";
import { Upgrader } from "../upgrade/upgrader.js";
import { Watcher } from "../upgrade/watcher.js";
import { attachGate } from "./attach.js";
import { type Badge, badgeModel, renderBadge } from "./badge.js";
import { createGuard } from "./guard.js";
import { exitWhenReplaced } from "./exit-when-replaced.js";
import { type Handler, installerMatcher } from "./http.js";
import { InFlight } from "./in-flight.js";
import { lazyHandler } from "./lazy-handler.js";
import { maintenanceAnswer } from "./maintenance.js";
import { Renderer } from "./render.js";
import { Hosting, type LoadApplication, type ServeOptions } from "./serve.js";
import type { Installer } from "./wizard/installer.js";

/** Guard, installer and admin side of one application in one process. */
export interface Upgate {
  /** Listens at once: gate and wizard answer. The application is loaded once the gate is open. Resolves when the port is bound. */
  serve(load: LoadApplication, options?: ServeOptions): Promise<Server>;
  /** The middleware that keeps requests out while the gate is closed; mount it before everything else. */
  guard(): Handler;
  /** The wizard; mount it at `installPath`, after the guard. */
  installer(): Handler;
  /** The System Health page; mount it behind the host's own admin check. */
  health(): Handler;
  /** The version badge for the dashboard. */
  badge(): Promise<Badge>;
  /** Settles with the first reading of the state, also when it failed. */
  ready(): Promise<void>;
  /** The state as last read, at most `pollMs` ago. */
  state(): VersionState;
  /** The host's knex: the instance given, or one made from the option. */
  readonly knex: Knex;
  /** The one door to an upgrade. */
  readonly upgrader: Upgrader;
  /** Gates the WebSocket upgrades of a server that the host made itself; `serve` does it by itself. */
  attach(server: Server): void;
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
  const watcher = new Watcher(context, upgrader);
  const key = import("../upgrade/install-key.js").then(({ InstallKey }) => new InstallKey(context));
  const renderer = new Renderer(settings.views);
  const answer = maintenanceAnswer(renderer, branding);
  const writes = new DeferredWrites((error) =>
    context.logger.error(`upgate: a record could not be written: ${driverMessage(error)}`, error),
  );
  const installerAddress = basePath + installPath;
  let wizard: Installer | null = null;
  const installer = lazyHandler(async () => {
    const { createInstaller } = await import("./wizard/installer.js");
    wizard = createInstaller({ context, watcher, upgrader, key: await key, writes }, renderer, answer);
    return wizard.handler;
  });
  const health = lazyHandler(async () => {
    const { createHealth } = await import("./health.js");
    return createHealth(context, watcher, renderer, installerAddress);
  });
  let isReady = false;
  void watcher.ready.then(() => (isReady = true));

  const isInstaller = installerMatcher(installPath, basePath);
  const inFlight = new InFlight({ graceMs: settings.options.drainTimeoutMs, isOwn: isInstaller, nowMs: context.store.clock.nowMs });
  const guard = createGuard({
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
  });
  const attach = (server: Server): void => attachGate(server, watcher.gate);
  const hosting = new Hosting({ guard, installer, installPath, basePath, logger: context.logger, attach });

  let hostKnex: Knex | null = settings.database.instance;
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => (closing ??= closeAll());
  async function closeAll(): Promise<void> {
    wizard?.close();
    await upgrader.close();
    await writes.flush();
    writes.close();
    await watcher.close();
    await keyFollowing;
    await hosting.close();
    if (hostKnex && hostKnex !== settings.database.instance) await hostKnex.destroy();
    await context.store.close();
  }

  let keyFollowing = Promise.resolve();
  watcher.onReading((state) => {
    keyFollowing = key.then((one) => one.follow(state)).catch((error: unknown) => context.logger.error(messageOf(error), error));
  });
  if (settings.options.restart === "exit") watcher.onReading(exitWhenReplaced(close, context.logger));
  watcher.start();

  return {
    serve(load, serveOptions = {}) {
      const listening = hosting.listen(load, serveOptions);
      const loadWhenOpen = (state: VersionState): void => {
        if (state.kind === "current") hosting.open(load);
      };
      const ignoreFailure = (): void => undefined; // the caller has the promise itself
      void listening.then(() => {
        loadWhenOpen(watcher.state);
        watcher.onReading(loadWhenOpen);
      }, ignoreFailure);
      return listening;
    },
    guard: () => guard,
    installer: () => installer,
    health: () => health,
    async badge() {
      await watcher.ready;
      return renderBadge(renderer, badgeModel(watcher.state, installerAddress));
    },
    ready: () => watcher.ready,
    state: () => watcher.state,
    get knex() {
      return (hostKnex ??= connectHost(settings.database));
    },
    upgrader,
    attach,
    close,
  };
}
