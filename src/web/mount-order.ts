import type { IncomingMessage } from "node:http";

/** What Express 4 and 5 keep of an application's middleware, as far as it is looked at here. */
interface Layer {
  readonly handle?: unknown;
  readonly route?: { readonly path?: unknown };
}

interface ExpressRequest extends IncomingMessage {
  readonly app?: { readonly router?: unknown; readonly _router?: unknown };
}

/**
 * The routes, routers and static files that were mounted before the guard in its own Express application: they answer while the gate
 * is closed. Only what Express itself shows: neither an outer application's, nor other functions that answer by themselves.
 */
export function mountedBefore(req: ExpressRequest, guard: unknown): string[] {
  const stack = stackOf(req.app);
  const own = stack.findIndex((layer) => layer.handle === guard);
  return stack.slice(0, Math.max(own, 0)).flatMap((layer) => {
    if (layer.route) return [`the route ${String(layer.route.path)}`];
    const handle = layer.handle as { readonly stack?: unknown; readonly name?: unknown } | undefined;
    if (handle?.name === "serveStatic") return ["static files (express.static)"];
    return Array.isArray(handle?.stack) ? ["a router"] : [];
  });
}

/** Express 5 has `router`; Express 4 has `_router`, and a getter `router` that throws. */
function stackOf(app: ExpressRequest["app"]): readonly Layer[] {
  const router = app?._router ?? (app && !("_router" in app) ? app.router : undefined);
  const stack = (router as { stack?: unknown } | undefined)?.stack;
  return Array.isArray(stack) ? (stack as Layer[]) : [];
}
