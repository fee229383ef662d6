import { randomBytes } from "node:crypto";
import type { Command } from "commander";
import { UpgateError } from "../../core/errors.js";
import { testNotification } from "../../core/notification.js";
import { deliver } from "../../upgrade/notifications/deliver.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { type Session, verb, withSession } from "../verb.js";

export function notifyCommand(): Command {
  return verb("notify", "try whether messages about upgrades arrive", {
    examples: [
      ["upgate notify --test", "send a test message over every channel of the option notifications"],
      ["upgate notify --test --json | jq .deliveries", "what became of each"],
    ],
    exitCodes: [
      [EXIT.done, "every channel has taken it"],
      [EXIT.error, "one has not, or the option notifications is not set"],
      [EXIT.usage, "--test is missing"],
    ],
  })
    .requiredOption("--test", "send a test message")
    .action(withSession(notify));
}

async function notify({ context, terminal }: Session): Promise<ExitCode> {
  const { notifications, branding } = context.settings.options;
  if (notifications === null)
    throw new UpgateError("ERR_UPGATE_OPTIONS", "The option notifications is not set: nobody is told anything.", {
      remedy: "Set notifications.webhook or notifications.mail in the configuration file; docs/configuration.md shows how.",
    });
  const id = `test:${randomBytes(8).toString("hex")}`;
  const deliveries = await deliver(notifications, testNotification(id, context.store.clock.timestamp(), branding.name ?? null));
  terminal.result(
    { deliveries },
    deliveries.map(({ channel, delivered, attempts, error }) =>
      delivered
        ? terminal.paint("green", `${channel}: sent.`)
        : terminal.paint("red", `${channel}: not taken after ${attempts} attempts: ${error}`),
    ),
  );
  return deliveries.every(({ delivered }) => delivered) ? EXIT.done : EXIT.error;
}
