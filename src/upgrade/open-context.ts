import { systemClock } from "../core/ports.js";
import { openStore } from "../store/store.js";
import type { UpgradeContext } from "./context.js";
import type { Settings } from "./settings.js";

export function openContext(settings: Settings): UpgradeContext {
  const { options, database } = settings;
  return { settings, logger: options.logger, store: openStore(database, options.versionRow, systemClock) };
}
