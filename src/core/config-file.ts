import { isPromise } from "./option-checker.js";
import type { UpgateOptions } from "./options.js";

const CONFIG_FILE = Symbol.for("upgate.configFile");
const CONFIG_NAME = /[\\/]upgate\.config\.(?:mjs|cjs|js|mts|cts|ts)$/;

/**
 * Types the options of `upgate.config.mjs` and remembers that file: the upgrade's own process reads it again. A copy of
 * the result with other values does not carry the file along.
 */
export function defineConfig(options: UpgateOptions): UpgateOptions {
  // A copy of a promise would be an empty object; whoever takes it says what is wrong.
  if (isPromise(options)) return options;
  const file = callerFile(defineConfig);
  const config = { ...options };
  if (file !== null) Object.defineProperty(config, CONFIG_FILE, { value: file });
  return config;
}

/** The file that `defineConfig` was called in, as path or file URL; null when it was not called in an upgate.config file. */
export function configFileOf(options: object): string | null {
  return (options as { [CONFIG_FILE]?: string })[CONFIG_FILE] ?? null;
}

function callerFile(below: (...args: never[]) => unknown): string | null {
  const holder: { stack?: string } = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 1;
  Error.captureStackTrace(holder, below);
  Error.stackTraceLimit = limit;
  // `at <where>` or `at <function> (<where>)`; the folder's own name may hold brackets.
  const file = /^ +at (?:.*? \()?((?:file:\/\/|\/|[A-Za-z]:\\).*):\d+:\d+\)?$/m.exec(holder.stack ?? "")?.[1]?.replace(/\?.*$/, "") ?? null;
  return file !== null && CONFIG_NAME.test(file) ? file : null;
}
