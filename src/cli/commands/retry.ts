import type { Command } from "commander";
import { carryOutAbandoned } from "../carry-out.js";
import { verb, withSession } from "../verb.js";
import { RUN_EXIT_CODES } from "./up.js";

export function retryCommand(): Command {
  return verb("retry", "try a failed upgrade again, from the migration that failed", {
    examples: [["upgate retry", "after you have removed the cause"]],
    exitCodes: RUN_EXIT_CODES,
  }).action(withSession((session) => carryOutAbandoned(session, (signal) => session.upgrader.retry({ where: "here", signal }))));
}
