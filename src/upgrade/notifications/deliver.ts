import { setTimeout as pause } from "node:timers/promises";
import { messageOf } from "../../core/errors.js";
import type { Notification, ParsedNotifications } from "../../core/notification.js";
import { sendMail } from "./mail.js";
import { postWebhook } from "./webhook.js";

export interface Delivery {
  readonly channel: "webhook" | "mail";
  readonly delivered: boolean;
  readonly attempts: number;
  /** Why the last attempt came to nothing; null: it did not. Without the channel's address and credentials. */
  readonly error: string | null;
}

export interface DeliveryOptions {
  readonly signal?: AbortSignal | undefined;
  /** Of one attempt, ms. Default 10,000. */
  readonly limitMs?: number;
  /** Before the second and the third attempt, ms. Default 1,000 and 5,000. */
  readonly pausesMs?: readonly number[];
}

const LIMIT_MS = 10_000;
const PAUSES_MS: readonly number[] = [1000, 5000];

/** Sends a message over every channel at once, each in three attempts at most. Never rejects: nothing depends on a message. */
export async function deliver(
  channels: ParsedNotifications,
  notification: Notification,
  options: DeliveryOptions = {},
): Promise<Delivery[]> {
  const { webhook, mail } = channels;
  const secrets = channelSecrets(channels);
  const limitMs = options.limitMs ?? LIMIT_MS;
  return Promise.all([
    ...(webhook ? [attempt("webhook", secrets, options, (signal) => postWebhook(webhook, notification, signal))] : []),
    ...(mail ? [attempt("mail", secrets, options, (signal) => sendMail(mail, notification, { signal, limitMs }))] : []),
  ]);
}

async function attempt(
  channel: Delivery["channel"],
  secrets: readonly string[],
  { signal: stop, limitMs = LIMIT_MS, pausesMs = PAUSES_MS }: DeliveryOptions,
  send: (signal: AbortSignal) => Promise<void>,
): Promise<Delivery> {
  for (let attempts = 1; ; attempts++) {
    const limit = AbortSignal.timeout(limitMs);
    try {
      await send(stop ? AbortSignal.any([limit, stop]) : limit);
      return { channel, delivered: true, attempts, error: null };
    } catch (error) {
      const told = limit.aborted ? `no answer within ${limitMs / 1000} s` : withoutChannel(describe(error), secrets);
      const pauseMs = pausesMs[attempts - 1];
      if (pauseMs === undefined || stop?.aborted) return { channel, delivered: false, attempts, error: told };
      await pause(pauseMs, undefined, stop ? { signal: stop } : {}).catch(() => undefined);
    }
  }
}

/** `fetch failed` says nothing; what failed does. */
function describe(error: unknown): string {
  const cause = (error as { readonly cause?: unknown }).cause;
  const code = (cause as { readonly code?: unknown } | undefined)?.code;
  return cause instanceof Error ? cause.message || String(code ?? messageOf(error)) : messageOf(error);
}

/** Addresses of webhooks are secrets, too: some services know their customers by nothing else. */
export function channelSecrets({ webhook, mail }: ParsedNotifications): string[] {
  const { auth } = (typeof mail?.smtp === "object" ? mail.smtp : {}) as { auth?: Readonly<Record<string, unknown>> };
  const address = typeof mail?.smtp === "string" && URL.canParse(mail.smtp) ? new URL(mail.smtp) : null;
  const hook = webhook && URL.canParse(webhook.url) ? new URL(webhook.url) : null;
  const texts = [
    webhook?.secret,
    webhook?.url,
    hook && hook.pathname.length > 1 ? hook.pathname : undefined,
    hook?.password,
    typeof mail?.smtp === "string" ? mail.smtp : undefined,
    address?.password,
    address && decodeURIComponent(address.password),
    ...Object.values(auth ?? {}),
  ];
  return texts.filter((text): text is string => typeof text === "string" && text.length > 3);
}

function withoutChannel(message: string, secrets: readonly string[]): string {
  const line = secrets.toSorted((a, b) => b.length - a.length).reduce((text, secret) => text.replaceAll(secret, "…"), message);
  return line.replaceAll(/\s+/g, " ").slice(0, 300);
}
