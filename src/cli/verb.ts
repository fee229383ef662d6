import { Command } from "commander";
import type { UpgradeContext } from "../upgrade/context.js";
import { openContext } from "../upgrade/open-context.js";
import { resolveSettings } from "../upgrade/settings.js";
import { Upgrader } from "../upgrade/upgrader.js";
import type { ExitCode } from "./exit-codes.js";
import { loadConfig } from "./load-config.js";
import { Terminal } from "./terminal.js";

export interface CommonOptions {
  readonly config?: string;
  readonly json?: boolean;
}

export interface VerbHelp {
  /** Whole command lines, each with what it does. */
  readonly examples: readonly (readonly [command: string, meaning: string])[];
  /** Exit codes that need saying. */
  readonly exitCodes: readonly (readonly [code: ExitCode, meaning: string])[];
}

/** A verb with the options that all have, and its examples and exit codes below the help; `config` false: it needs no configuration. */
export function verb(name: string, description: string, { examples, exitCodes }: VerbHelp, { config = true } = {}): Command {
  const width = Math.max(...examples.map(([command]) => command.length)) + 3;
  const command = new Command(name).description(description);
  if (config) command.option("-c, --config <file>", "the configuration file (default: upgate.config.mjs, .js, .cjs or .ts in this folder)");
  return command.option("--json", "print one JSON object on stdout").addHelpText("after", () => {
    const lines = examples.map(([line, meaning]) => `  ${line.padEnd(width)}${meaning}`);
    return [
      "",
      "Examples:",
      ...lines,
      "",
      "Exit codes:",
      ...exitCodes.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`),
    ].join("\n");
  });
}

/** What a verb works with. */
export interface Session {
  readonly context: UpgradeContext;
  readonly upgrader: Upgrader;
  readonly terminal: Terminal;
}

/**
 * The action of a verb that needs the configuration: opens it, lets the verb work, sets the exit code that it returns, and
 * closes what was opened. The verb gets its arguments, then its options. `isLogged`: the verb's output is a log, so upgate
 * speaks through the configured logger.
 */
export function withSession<Args extends unknown[]>(
  act: (session: Session, ...args: Args) => Promise<number>,
  isLogged: (command: Command) => boolean = () => false,
): (...args: [...Args, Command]) => Promise<void> {
  return async (...all) => {
    const command = all.at(-1) as Command;
    const { config, json = false } = command.opts<CommonOptions>();
    const terminal = new Terminal(json);
    const options = await loadConfig(config);
    const context = openContext(resolveSettings(isLogged(command) ? options : { ...options, logger: terminal.logger }));
    try {
      process.exitCode = await act({ context, upgrader: new Upgrader(context), terminal }, ...(all.slice(0, -1) as Args));
    } finally {
      await context.store.close();
    }
  };
}
