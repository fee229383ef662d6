import { NOTIFICATION_EVENTS, type NotificationEvent, type NotificationOptions, type ParsedNotifications } from "./notification.js";
import type { Checker } from "./option-checker.js";

const NOTIFICATIONS = ["webhook", "mail", "on"] as const satisfies readonly (keyof NotificationOptions)[];
/** A secret shorter than this could be guessed from one signed message. */
const LEAST_SECRET = 16;

/** Null where nobody is to be told anything. */
export function parseNotifications(root: Checker): ParsedNotifications | null {
  if (root.input["notifications"] === undefined) return null;
  const options = root.child("notifications");
  options.known(NOTIFICATIONS);
  const webhook = options.input["webhook"] === undefined ? null : parseWebhook(options.child("webhook"));
  const mail = options.input["mail"] === undefined ? null : parseMail(options.child("mail"));
  if (webhook === null && mail === null) options.problem("webhook", "or mail is needed: without either nobody is told anything");
  const on = options.check("on", eventsProblem) as readonly NotificationEvent[] | undefined;
  return { webhook, mail, on: on ?? NOTIFICATION_EVENTS };
}

function parseWebhook(webhook: Checker): ParsedNotifications["webhook"] {
  webhook.known(["url", "secret"]);
  webhook.check("url", (value) =>
    typeof value === "string" && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
      ? null
      : 'must be an address such as "https://hooks.example/upgrades"',
  );
  webhook.check("secret", (value) =>
    typeof value === "string" && value.length >= LEAST_SECRET ? null : `must be a text of at least ${LEAST_SECRET} characters`,
  );
  return { url: String(webhook.input["url"]), secret: String(webhook.input["secret"]) };
}

function parseMail(mail: Checker): ParsedNotifications["mail"] {
  mail.known(["smtp", "from", "to"]);
  mail.check("smtp", smtpProblem);
  mail.check("from", addressProblem);
  const { to } = mail.input;
  const list: unknown[] = Array.isArray(to) ? to : [to];
  if (list.length === 0 || list.some((one) => addressProblem(one) !== null))
    mail.problem("to", "must be an e-mail address or a list of them");
  return { smtp: mail.input["smtp"] as string | object, from: String(mail.input["from"]), to: list.map(String) };
}

/** The value is never part of the message: it may hold a password. */
function smtpProblem(value: unknown): string | null {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return null;
  if (typeof value === "string" && URL.canParse(value) && /^smtps?:$/.test(new URL(value).protocol)) return null;
  return 'must be an address such as "smtps://user:password@mail.example:465", or an object of nodemailer\'s options';
}

/** `ops@shop.example` or `Shop <ops@shop.example>`; no line ends, which would add headers. */
function addressProblem(value: unknown): string | null {
  return typeof value === "string" && /^[^\r\n]*[^\s@<>]+@[^\s@<>]+>?$/.test(value)
    ? null
    : 'must be an e-mail address such as "ops@shop.example"';
}

function eventsProblem(value: unknown): string | null {
  if (value === undefined) return null;
  const known: readonly unknown[] = NOTIFICATION_EVENTS;
  if (Array.isArray(value) && value.length > 0 && value.every((one) => known.includes(one))) return null;
  return `must be a list of ${NOTIFICATION_EVENTS.map((word) => `"${word}"`).join(", ")}`;
}
