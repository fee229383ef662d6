const SITE = "http://site.invalid";

/**
 * The address as an encoded path of this very site, fit for a `Location` header; null for one that a browser would take elsewhere: `//host`,
 * `/\host`, `/.//host`, the same with tabs and line ends in between, or any with a scheme.
 */
export function sameSitePath(address: string): string | null {
  if (!address.startsWith("/") || !URL.canParse(address, SITE)) return null;
  const { origin, pathname, search, hash } = new URL(address, SITE);
  return origin === SITE && !pathname.startsWith("//") ? pathname + search + hash : null;
}

/** A path's last segment as the beginning of a relative address: never taken for a scheme. */
export function relativeSegment(path: string): string {
  const segment = path.slice(path.lastIndexOf("/") + 1);
  return /^[\w.~-]+$/.test(segment) ? `${segment}/` : `./${segment}/`;
}
