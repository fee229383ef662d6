import type { Handler } from "./http.js";

/** A handler whose code the first request loads: a start pays nothing for pages that hardly any process ever serves. */
export function lazyHandler(load: () => Promise<Handler>): Handler {
  let loading: Promise<Handler> | null = null;
  let loaded: Handler | null = null;

  return function upgatePage(req, res, next) {
    if (loaded) return loaded(req, res, next);
    loading ??= load().then((handler) => (loaded = handler));
    loading.then((handler) => handler(req, res, next)).catch(next);
  };
}
