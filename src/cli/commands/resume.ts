import type { Command } from "commander";
import { carryOutAbandoned } from "../carry-out.js";
import { verb, withSession } from "../verb.js";
import { RUN_EXIT_CODES } from "./up.js";

export function resumeCommand(): Command {
  return verb("resume", "go on with an upgrade whose process was terminated", {
    examples: [["upgate resume", "after Ctrl-C, a crash or a restart"]],
    exitCodes: RUN_EXIT_CODES,
  }).action(withSession((session) => carryOutAbandoned(session, (signal) => session.upgrader.resume({ where: "here", signal }))));
}
