import type { IncomingMessage, ServerResponse } from "node:http";

export type Next = (error?: unknown) => void;

/** Fits Express 4 and 5, connect, and bare node:http. */
export type Handler = (req: IncomingMessage, res: ServerResponse, next: Next) => void;

/** What Express adds to a request, where it is Express. */
export interface MountedRequest extends IncomingMessage {
  originalUrl?: string;
  ip?: string | undefined;
  secure?: boolean;
  body?: unknown;
}

/** The path as the client asked for it, without the query, whatever mount the request has passed. */
export function requestPath(req: MountedRequest): string {
  return pathOf(req.originalUrl ?? req.url ?? "/");
}

export function pathOf(url: string): string {
  const end = url.search(/[?#]/);
  return end < 0 ? url : url.slice(0, end);
}

/** Plain segments only: nothing that a file server or a router behind us could read as another path. */
export function isPlainPath(path: string): boolean {
  return !/%|\\|\/\/|\/\.{1,2}(?:\/|$)/.test(path);
}

export function isBelow(path: string, mount: string): boolean {
  return path === mount || path.startsWith(`${mount}/`);
}

/** Whether a request is for the wizard, as the browser or as a proxy that strips the base path asks for it. */
export function installerMatcher(installPath: string, basePath: string): (req: MountedRequest) => boolean {
  return (req) => {
    const path = requestPath(req);
    if (!isPlainPath(path)) return false;
    return isBelow(path, installPath) || (basePath !== "" && isBelow(path, basePath + installPath));
  };
}

export function clientAddress(req: MountedRequest): string {
  return req.ip ?? req.socket.remoteAddress ?? "unknown";
}

/** https, or said to be by a proxy: a forged header only makes the forger's own cookie stricter. */
export function isSecure(req: MountedRequest): boolean {
  return req.secure === true || "encrypted" in req.socket || /^https\b/i.test(String(req.headers["x-forwarded-proto"] ?? ""));
}
