import { Option } from "commander";
import { DRAIN_ANSWERS, type DrainAnswer } from "../core/run.js";

export interface DrainOptions {
  readonly drain?: DrainAnswer;
}

/** For the verbs that carry a run out. */
export function drainOption(): Option {
  return new Option(
    "--drain <answer>",
    "requests still under way after drainTimeoutMs: wait on, end them, or abort (default: the option drain)",
  ).choices(DRAIN_ANSWERS);
}

export function drainOf({ drain }: DrainOptions): DrainOptions {
  return drain === undefined ? {} : { drain };
}
