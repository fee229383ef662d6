import { type Notification, type NotificationEvent, notificationOf, type ParsedNotifications } from "../../core/notification.js";
import { withoutSecrets } from "../../core/report-redaction.js";
import type { Run } from "../../core/run.js";
import { appendAudit, NOTIFICATION_FAILED } from "../../store/audit.js";
import { driverMessage } from "../../store/driver-errors.js";
import { replaceFact } from "../../store/facts.js";
import { readHistory } from "../../store/history.js";
import { readRun } from "../../store/runs.js";
import { whileBusy } from "../../store/tables.js";
import type { UpgradeContext } from "../context.js";
import { configuredSecrets } from "../report-secrets.js";
import { deliver } from "./deliver.js";

/** Which of the run's ends: it may fail again after a retry, and be interrupted again after a resume. */
export interface Announcement {
  readonly event: NotificationEvent;
  readonly runId: string;
  /** Differs for each time. */
  readonly occasion: string;
}

/**
 * Tells the channels of the options what has become of a run: once for all processes, whoever claims it first. Resolves when the message is
 * ready to go, which it then does by itself. Never rejects: a message is no part of the run.
 */
export async function announce(context: UpgradeContext, announcement: Announcement, stop?: AbortSignal): Promise<void> {
  const { settings, logger } = context;
  const { notifications } = settings.options;
  if (notifications === null || context.rehearsal || !notifications.on.includes(announcement.event)) return;
  try {
    const run = await claim(context, announcement);
    if (run) void send(context, notifications, await messageOf(context, announcement, run), run.id, stop);
  } catch (error) {
    logger.warn(`upgate: nobody could be told of the run ${announcement.runId}: ${driverMessage(error)}`);
  }
}

/** What `executeRun` has come to, where anybody wants to know: a backup that was made is no end. */
export async function announceEnd(context: UpgradeContext, runId: string, stop?: AbortSignal): Promise<void> {
  if (context.settings.options.notifications === null || context.rehearsal) return;
  const run = await readRun(context.store.knex, runId).catch(() => null);
  if (run?.status !== "completed" && run?.status !== "failed") return;
  const event = run.status === "completed" ? "finished" : "failed";
  await announce(context, { event, runId, occasion: run.finishedAt ?? "" }, stop);
}

/** Null: another process tells it, or has. */
async function claim({ store }: UpgradeContext, announcement: Announcement): Promise<Run | null> {
  const isOurs = await whileBusy(() => replaceFact(store.knex, `notified:${idOf(announcement)}`, null, store.clock.timestamp()));
  return isOurs ? readRun(store.knex, announcement.runId) : null;
}

function idOf({ event, runId, occasion }: Announcement): string {
  return `${runId}:${event}:${occasion}`;
}

async function messageOf({ settings, store }: UpgradeContext, announcement: Announcement, run: Run): Promise<Notification> {
  const { event } = announcement;
  const { id, kind, fromVersion, toVersion, startedAt, finishedAt, plan, error } = run;
  const names = new Set(plan.map(({ name }) => name));
  const applied = (await readHistory(store.knex)).filter((entry) => names.has(entry.name) && entry.finishedAt !== null).length;
  const told = error && { code: error.code, message: error.message, remedy: error.remedy, migration: error.migration };
  const plain = notificationOf({
    id: idOf(announcement),
    event,
    createdAt: store.clock.timestamp(),
    product: settings.options.branding.name ?? null,
    run: { id, kind, fromVersion, toVersion, startedAt, finishedAt, migrations: { applied, total: plan.length } },
    error: event === "failed" ? told : null,
  });
  return withoutSecrets(plain, { dialect: store.dialect, secrets: configuredSecrets(settings) });
}

/** Never rejects. */
async function send(
  { logger, store }: UpgradeContext,
  channels: ParsedNotifications,
  notification: Notification,
  runId: string,
  stop: AbortSignal | undefined,
): Promise<void> {
  const what = `the message "${notification.subject}"`;
  for (const { channel, delivered, attempts, error } of await deliver(channels, notification, { signal: stop })) {
    if (delivered) {
      logger.info(`upgate: ${what} was sent (${channel}).`);
      continue;
    }
    logger.warn(`upgate: ${what} was not taken after ${attempts} attempts (${channel}): ${error}`);
    // For System Health. A process that ends meanwhile has said it in its log.
    const entry = { happenedAt: store.clock.timestamp(), event: NOTIFICATION_FAILED, address: "auto", sessionId: null };
    await appendAudit(store.knex, { ...entry, detail: `${runId}: ${channel}: ${error}` }).catch(() => undefined);
  }
}
