import { loadConfig } from "../cli/load-config.js";
import { isUpgateError, messageOf } from "../core/errors.js";
import type { Logger } from "../core/ports.js";
import { openContext } from "../upgrade/open-context.js";
import { resolveSettings } from "../upgrade/settings.js";
import { Upgrader } from "../upgrade/upgrader.js";
import { scratchOptions, type ScratchParts } from "./scratch-options.js";

/** What this process, started by `killAtBoundary`, is told. */
export interface KillTask extends Omit<ScratchParts, "logger"> {
  readonly configFile: string;
  /** Of the test's own options: the file must give the same. */
  readonly version: string;
  /** Name of the migration before which it waits to be killed. */
  readonly before: string;
}

/** What it answers: that it stands at the boundary, or why it never came there. */
export type KillWord = { readonly kind: "boundary" } | { readonly kind: "ended"; readonly message: string };

const silent: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

async function upgradeUpTo(task: KillTask): Promise<string> {
  const config = await loadConfig(task.configFile);
  if (config.version !== task.version) return `${task.configFile} gives release ${config.version}, but the test's options ${task.version}.`;
  const context = openContext(resolveSettings(scratchOptions(config, { ...task, logger: silent })));
  const beforeMigration = async (name: string): Promise<void> => {
    if (name !== task.before) return;
    say({ kind: "boundary" });
    await new Promise(() => undefined);
  };
  try {
    const run = await new Upgrader({ ...context, hooks: { beforeMigration } }).start({ where: "here" });
    const { status, error } = await run.finished;
    return error?.message ?? `The run ended as ${status} without coming to ${task.before}.`;
  } finally {
    await context.store.close();
  }
}

function say(word: KillWord): void {
  process.send?.(word);
}

// Whoever was to kill this process is gone.
process.on("disconnect", () => process.exit());
process.once("message", (task: KillTask) => {
  upgradeUpTo(task)
    .catch((error: unknown) => (isUpgateError(error) ? `${error.code}: ${error.message}` : messageOf(error)))
    .then((message) => say({ kind: "ended", message }))
    .finally(() => process.disconnect());
});
