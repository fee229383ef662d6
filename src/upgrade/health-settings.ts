import type { UpgradeContext } from "./context.js";

/** The options that matter to whoever helps, as they count now: none that is a secret, and no address with a password. */
export function shownSettings({ settings, store }: UpgradeContext): Record<string, string> {
  const { options } = settings;
  const { backup, notifications, feed } = options;
  const channels = notifications === null ? [] : (["webhook", "mail"] as const).filter((channel) => notifications[channel] !== null);
  return {
    database: store.source.label,
    "database.admin": options.database.admin === null ? "the same account" : "an account of its own",
    configFile: settings.configFile ?? "none: upgrades run inside this process",
    dataDir: settings.dataDir,
    installPath: options.basePath + options.installPath,
    installKey: options.installKey === null ? "generated" : "given",
    mode: options.mode,
    patches: options.patches,
    resume: options.resume,
    restart: options.restart,
    drain: options.drain,
    onDatabaseLoss: options.onDatabaseLoss,
    mixedNodes: options.mixedNodes,
    integrity: options.integrity,
    backup: `${backup.driver?.name ?? (backup.automatic ? "own" : "none")}, proof ${backup.proof}, keep ${backup.keep}`,
    notifications: channels.length === 0 ? "none" : channels.join(", "),
    feed: feed === null ? "none" : feed.channel,
    checks: options.checks.length === 0 ? "none" : options.checks.map(({ id }) => id).join(", "),
    pollMs: String(options.pollMs),
    nodeTtlMs: String(options.nodeTtlMs),
    leaseTtlMs: String(options.leaseTtlMs),
    drainTimeoutMs: String(options.drainTimeoutMs),
  };
}
