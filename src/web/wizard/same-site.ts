import type { IncomingHttpHeaders } from "node:http";

/**
 * Whether a form may have come from a page of this site. Browsers say so themselves by `Sec-Fetch-Site`; over plain http,
 * where it is missing, a foreign `Origin` gives it away. The scheme is not compared: TLS may end at a proxy.
 */
export function isSameSite(headers: IncomingHttpHeaders): boolean {
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site === "same-origin" || site === "none";
  const { origin } = headers;
  if (origin === undefined) return true;
  const forwarded = String(headers["x-forwarded-host"] ?? "")
    .split(",")[0]
    ?.trim();
  const host = hostOf(origin);
  return host !== null && (host === headers.host?.toLowerCase() || (forwarded !== "" && host === forwarded?.toLowerCase()));
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}
