import type { RunError, RunKind } from "./run.js";

/** What an operator may be told of while he is away. */
export type NotificationEvent = (typeof NOTIFICATION_EVENTS)[number];
export const NOTIFICATION_EVENTS = ["finished", "failed", "interrupted"] as const;

export interface NotificationOptions {
  /** An address that is sent a signed JSON object. */
  webhook?: WebhookOptions;
  mail?: MailOptions;
  /** Which events are told. Default: all of them. */
  on?: readonly NotificationEvent[];
}

export interface WebhookOptions {
  /** `https:`, or `http:` within a network of your own. */
  readonly url: string;
  /** Signs what is sent, at least 16 characters. */
  readonly secret: string;
}

export interface MailOptions {
  /** `smtps://user:password@host:465`, `smtp://host:587`, or nodemailer's own object. */
  readonly smtp: string | object;
  readonly from: string;
  readonly to: string | readonly string[];
}

export interface ParsedNotifications {
  readonly webhook: WebhookOptions | null;
  readonly mail: (Omit<MailOptions, "to"> & { readonly to: readonly string[] }) | null;
  readonly on: readonly NotificationEvent[];
}

/** The body of a webhook. Without credentials and rows. */
export interface Notification {
  /** The same for each attempt to deliver it: whoever gets it twice knows by this. */
  readonly id: string;
  readonly event: NotificationEvent | "test";
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly product: string | null;
  /** One sentence. */
  readonly subject: string;
  /** Plain text, a few lines. */
  readonly text: string;
  readonly run: NotifiedRun | null;
  readonly error: Pick<RunError, "code" | "message" | "remedy" | "migration"> | null;
}

export interface NotifiedRun {
  readonly id: string;
  readonly kind: RunKind;
  readonly fromVersion: string | null;
  readonly toVersion: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly migrations: { readonly applied: number; readonly total: number };
}

export interface NotificationFacts {
  readonly id: string;
  readonly event: NotificationEvent;
  readonly createdAt: string;
  readonly product: string | null;
  readonly run: NotifiedRun;
  readonly error: Notification["error"];
}

export function notificationOf(facts: NotificationFacts): Notification {
  const { event, run, error, product } = facts;
  const subject = `${product === null ? "" : `${product}: `}${SENTENCES[event](run)}`;
  const applied = `${run.migrations.applied} of ${run.migrations.total} database changes are done.`;
  const lines = [
    subject,
    ...(error === null ? [] : ["", error.message, `What to do: ${error.remedy}`]),
    "",
    ...(run.kind === "restore" ? [] : [applied]),
    CLOSINGS[event],
    `Run ${run.id}`,
  ];
  return { ...facts, subject, text: `${lines.join("\n")}\n` };
}

/** Says that messages arrive. */
export function testNotification(id: string, createdAt: string, product: string | null): Notification {
  const subject = `${product === null ? "" : `${product}: `}This is a test message of upgate.`;
  const text = `${subject}\n\nMessages about upgrades arrive here. Nothing has happened, and there is nothing to do.\n`;
  return { id, event: "test", createdAt, product, subject, text, run: null, error: null };
}

const SENTENCES: Readonly<Record<NotificationEvent, (run: NotifiedRun) => string>> = {
  finished: (run) => {
    if (run.kind === "restore") return `The backup of release ${run.toVersion} is restored.`;
    return run.kind === "install" ? `Release ${run.toVersion} is installed.` : `The upgrade to release ${run.toVersion} is finished.`;
  },
  failed: (run) => `The ${NOUNS[run.kind]} ${run.kind === "restore" ? "of" : "to"} release ${run.toVersion} has failed.`,
  interrupted: (run) => `The ${NOUNS[run.kind]} ${run.kind === "restore" ? "of" : "to"} release ${run.toVersion} was interrupted.`,
};

const NOUNS = { upgrade: "upgrade", install: "installation", restore: "restore" } as const;

const CLOSINGS: Readonly<Record<NotificationEvent, string>> = {
  finished: "Nothing is left to do but to look at the site and to press Finish in the installer.",
  failed: "Visitors see the maintenance page. Open the installer: it shows the reason and the ways out.",
  interrupted: "Visitors see the maintenance page. Open the installer and press Resume: it goes on where it was.",
};
