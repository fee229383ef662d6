import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { styleText } from "node:util";
import type { Severity } from "../core/check.js";
import { UpgateError } from "../core/errors.js";
import type { Logger } from "../core/ports.js";
import { EXIT } from "./exit-codes.js";

type Style = Parameters<typeof styleText>[0];

const SEVERITY_STYLES = { ok: "green", info: "cyan", warning: "yellow", danger: "red" } as const satisfies Record<Severity, Style>;

/** Where a verb speaks: results to stdout, talk to stderr, colours only where a terminal shows them, `--json` one object. */
export class Terminal {
  constructor(readonly json: boolean) {}

  /** The verb's answer: the object with `--json`, else the lines. */
  result(value: object, lines: readonly string[]): void {
    process.stdout.write(this.json ? `${JSON.stringify(value, null, 2)}\n` : lines.map((line) => `${line}\n`).join(""));
  }

  /** For people, on the way to the answer; silent with `--json`. */
  say(line: string): void {
    if (!this.json) process.stderr.write(`${line}\n`);
  }

  /** True when somebody can be asked. */
  get isInteractive(): boolean {
    return !this.json && process.stdin.isTTY === true && process.stderr.isTTY === true;
  }

  /** A question for yes or no; an empty answer is no. Throws `ERR_UPGATE_UNCONFIRMED` where nobody can be asked. */
  async confirm(question: string, otherwise = "Say --yes to go on without questions."): Promise<boolean> {
    if (!this.isInteractive)
      throw new UpgateError("ERR_UPGATE_UNCONFIRMED", `Nobody can be asked here: ${question}`, { remedy: otherwise });
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    lines.on("SIGINT", () => process.exit(EXIT.stopped));
    // Ctrl-D and a terminal that is gone end the input: the question rejects then, or is never answered, as Node's release has it.
    const ended = once(lines, "close").then(() => "");
    const answer = lines.question(`${question} [y/N] `).catch(() => "");
    try {
      return /^y(?:es)?$/i.test((await Promise.race([answer, ended])).trim());
    } finally {
      lines.close();
    }
  }

  /** Coloured when stdout is a terminal and neither NO_COLOR nor --json says otherwise. */
  paint(style: Style, text: string): string {
    return styleText(style, text, { stream: process.stdout });
  }

  paintSeverity(severity: Severity, text: string): string {
    return this.paint(SEVERITY_STYLES[severity], text);
  }

  /** What upgate itself has to say meanwhile: warnings and errors only, on stderr, in one line each. */
  get logger(): Logger {
    const line = (message: string): void => void process.stderr.write(`${message}\n`);
    return { info: () => undefined, warn: line, error: line };
  }
}
