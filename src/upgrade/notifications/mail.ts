import type { Notification, ParsedNotifications } from "../../core/notification.js";

/** Sends the message once. Rejects when the server does not take it. */
export async function sendMail(
  { smtp, from, to }: NonNullable<ParsedNotifications["mail"]>,
  notification: Notification,
  { signal, limitMs }: { readonly signal: AbortSignal; readonly limitMs: number },
): Promise<void> {
  // Not before a message is sent: nobody pays for it at the start.
  const { createTransport } = await import("nodemailer");
  const limits = { connectionTimeout: limitMs, greetingTimeout: limitMs, socketTimeout: limitMs, dnsTimeout: limitMs };
  const own = typeof smtp === "string" ? { url: smtp } : smtp;
  const transport = createTransport({ ...limits, ...own });
  const { id, event, subject, text } = notification;
  const stopped = new Promise<never>((_resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  try {
    const sent = transport.sendMail({
      from,
      to: [...to],
      subject,
      text,
      headers: { "Auto-Submitted": "auto-generated", "Upgate-Event": event, "Upgate-Id": id },
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    await Promise.race([sent, stopped]);
  } finally {
    stopped.catch(() => undefined);
    transport.close();
  }
}
