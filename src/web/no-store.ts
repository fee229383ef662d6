import type { ServerResponse } from "node:http";

/**
 * For every answer that no cache may keep. nginx keeps what says `no-store` where an operator has told it to ignore that header; its
 * own header then still holds, and it shows that to nobody.
 */
export const NO_STORE = { "Cache-Control": "no-store", "X-Accel-Expires": "0" } as const;

/** What speaks to caches: to all (RFC 9111), to CDNs (RFC 9213, `Surrogate-Control`), to one make of them. The narrower word wins. */
const CACHING = /(?:cache|surrogate|edge)-control$|^(?:etag|expires|last-modified|pragma|x-accel-expires)$/;

export function isForCaches(header: string): boolean {
  return CACHING.test(header);
}

/** Takes back what earlier middleware has told caches about this answer. */
export function forgetCaching(res: ServerResponse): void {
  for (const name of res.getHeaderNames()) if (isForCaches(name)) res.removeHeader(name);
}
