import type { Command } from "commander";
import { carryOutAbandoned } from "../carry-out.js";
import { drainOption } from "../drain.js";
import { type AnswerOptions, goOn, inDoubtOption } from "../in-doubt.js";
import { verb, withSession } from "../verb.js";
import { RUN_EXIT_CODES } from "./up.js";

export function resumeCommand(): Command {
  return verb("resume", "go on with an upgrade whose process was terminated", {
    examples: [
      ["upgate resume", "after Ctrl-C, a crash or a restart"],
      ["upgate resume --in-doubt=applied", "the statement that upgate status shows was carried out"],
      ["upgate resume --in-doubt=again", "it was not: run it again"],
    ],
    exitCodes: RUN_EXIT_CODES,
  })
    .addOption(inDoubtOption())
    .addOption(drainOption())
    .action(
      withSession((session, options: AnswerOptions) =>
        carryOutAbandoned(session, (signal) => goOn(session.upgrader, "resume", signal, options)),
      ),
    );
}
