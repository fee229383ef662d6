import type { Command } from "commander";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { operator } from "../operator.js";
import { type Session, verb, withSession } from "../verb.js";

export function openCommand(): Command {
  return verb("open", "open a site that was kept closed after its upgrade (upgate up --hold)", {
    examples: [["upgate up --yes --hold && ./smoke-test.sh && upgate open", "visitors come in when the tests have passed"]],
    exitCodes: [
      [EXIT.done, "the site is open"],
      [EXIT.error, "it was not held"],
    ],
  }).action(withSession(open));
}

async function open({ upgrader, terminal }: Session): Promise<ExitCode> {
  // Whoever wants it open is content when it is.
  if ((await upgrader.state()).kind !== "current") await upgrader.open(operator());
  const state = await upgrader.state();
  terminal.result({ result: "open", state }, [terminal.paint("green", "The site is open.")]);
  return EXIT.done;
}
