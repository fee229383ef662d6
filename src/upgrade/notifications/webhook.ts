import { createHmac } from "node:crypto";
import type { Notification, WebhookOptions } from "../../core/notification.js";

/** Tells who has sent a message, and when: `t=<Unix time, s>,v1=<HMAC-SHA-256 of "<t>.<body>" by the secret, hex>`. */
export function signatureOf(body: string, secret: string, unixSeconds: number): string {
  return `t=${unixSeconds},v1=${createHmac("sha256", secret).update(`${unixSeconds}.${body}`).digest("hex")}`;
}

/** Posts the message once. Rejects when it was not taken with a status of 200 to 299. */
export async function postWebhook({ url, secret }: WebhookOptions, notification: Notification, signal: AbortSignal): Promise<void> {
  const body = JSON.stringify(notification);
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "User-Agent": "upgate",
      "Upgate-Event": notification.event,
      "Upgate-Signature": signatureOf(body, secret, Math.floor(Date.now() / 1000)),
    },
    body,
    // Followed, the signed message would go to somebody whom the options don't name.
    redirect: "manual",
    signal,
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`it answered ${response.status}`);
}
