import type { Command } from "commander";
import { carryOutAbandoned } from "../carry-out.js";
import { drainOption } from "../drain.js";
import { type AnswerOptions, goOn, inDoubtOption } from "../in-doubt.js";
import { verb, withSession } from "../verb.js";
import { RUN_EXIT_CODES } from "./up.js";

export function retryCommand(): Command {
  return verb("retry", "try a failed upgrade again, from the migration that failed", {
    examples: [
      ["upgate retry", "after you have removed the cause"],
      ["upgate retry --in-doubt=again", "the statement that upgate status shows was not carried out"],
    ],
    exitCodes: RUN_EXIT_CODES,
  })
    .addOption(inDoubtOption())
    .addOption(drainOption())
    .action(
      withSession((session, options: AnswerOptions) =>
        carryOutAbandoned(session, (signal) => goOn(session.upgrader, "retry", signal, options)),
      ),
    );
}
