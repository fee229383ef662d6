import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

interface PolicyOptions {
  /** Style and script texts that a page carries inline: allowed by their hashes. */
  readonly inline?: { readonly styles?: readonly string[]; readonly scripts?: readonly string[] };
}

/**
 * The security headers of upgate's own pages, computed once. Three of helmet's defaults don't fit a site that must also
 * work on plain http under the customer's own domain: HSTS would pin that domain, `upgrade-insecure-requests` would load
 * no asset there, and with `no-referrer` every form would send `Origin: null`.
 */
export function securityHeaders({ inline = {} }: PolicyOptions = {}): Readonly<Record<string, string>> {
  const { default: helmet } = require("helmet") as typeof import("helmet");
  const headers: Record<string, string> = {};
  const middleware = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'", ...(inline.scripts ?? []).map(hashSource)],
        styleSrc: ["'self'", ...(inline.styles ?? []).map(hashSource)],
        imgSrc: ["'self'", "data:"],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
    },
    strictTransportSecurity: false,
    referrerPolicy: { policy: "same-origin" },
    xFrameOptions: { action: "deny" },
  });
  const collector = { setHeader: (name: string, value: string) => void (headers[name] = value), removeHeader: () => undefined };
  middleware({} as IncomingMessage, collector as unknown as ServerResponse, (error?: unknown) => {
    if (error) throw error;
  });
  return headers;
}

function hashSource(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
