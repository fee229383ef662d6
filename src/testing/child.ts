import { loadConfig } from "../cli/load-config.js";
import { isUpgateError, messageOf } from "../core/errors.js";
import type { Logger } from "../core/ports.js";
import { openContext } from "../upgrade/open-context.js";
import type { RunHooks, RunMoment } from "../upgrade/run-hooks.js";
import { resolveSettings } from "../upgrade/settings.js";
import { Upgrader } from "../upgrade/upgrader.js";
import { scratchOptions, type ScratchParts } from "./scratch-options.js";

/** Where the process waits to be killed. */
export type KillStop =
  | { readonly kind: "before-migration"; readonly name: string }
  /** The moment of this number, from 1. */
  | { readonly kind: "moment"; readonly number: number }
  /** Nowhere: it tells how many moments there are. */
  | { readonly kind: "never" };

/** What this process, started by `kill.ts`, is told. */
export interface KillTask extends Omit<ScratchParts, "logger"> {
  readonly configFile: string;
  /** Of the test's own options: the file must give the same. */
  readonly version: string;
  readonly stop: KillStop;
}

/** What it answers. */
export type KillWord =
  /** It stands there. */
  | { readonly kind: "stands"; readonly moment: RunMoment | null }
  /** The upgrade is complete, and had so many moments. */
  | { readonly kind: "completed"; readonly moments: number }
  /** Why there is no upgrade. */
  | { readonly kind: "failed"; readonly message: string };

const silent: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

async function upgradeUpTo(task: KillTask): Promise<KillWord> {
  const config = await loadConfig(task.configFile);
  if (config.version !== task.version)
    return failed(`${task.configFile} gives release ${config.version}, but the test's options ${task.version}.`);
  const context = openContext(resolveSettings(scratchOptions(config, { ...task, logger: silent })));
  const passed = { moments: 0 };
  try {
    const run = await new Upgrader({ ...context, hooks: hooksOf(task.stop, passed) }).start({ where: "here" });
    const { status, error } = await run.finished;
    return status === "completed" ? { kind: "completed", ...passed } : failed(error?.message ?? `The run ended as ${status}.`);
  } finally {
    await context.store.close();
  }
}

function hooksOf(stop: KillStop, passed: { moments: number }): RunHooks {
  if (stop.kind === "before-migration") return { beforeMigration: async (name) => (name === stop.name ? standHere(null) : undefined) };
  const number = stop.kind === "moment" ? stop.number : null;
  return { atPoint: (moment) => (++passed.moments === number ? standHere(moment) : undefined) };
}

function standHere(moment: RunMoment | null): Promise<void> {
  say({ kind: "stands", moment });
  return new Promise(() => undefined);
}

function failed(message: string): KillWord {
  return { kind: "failed", message };
}

function say(word: KillWord): void {
  process.send?.(word);
}

// Whoever was to kill this process is gone.
process.on("disconnect", () => process.exit());
process.once("message", (task: KillTask) => {
  upgradeUpTo(task)
    .catch((error: unknown) => failed(isUpgateError(error) ? `${error.code}: ${error.message}` : messageOf(error)))
    .then(say)
    .finally(() => process.disconnect());
});
