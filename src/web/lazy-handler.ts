import type { Handler } from "./http.js";

/**
 * A handler whose code is loaded beside the start, which then need not wait for it. Not at the first request: by then an
 * upload may have put the files of another release there.
 */
export function lazyHandler(load: () => Promise<Handler>): Handler {
  let loaded: Handler | null = null;
  const loading = load().then((handler) => (loaded = handler));
  loading.catch(() => undefined); // told to every request

  return function upgatePage(req, res, next) {
    if (loaded) loaded(req, res, next);
    else loading.then((handler) => handler(req, res, next)).catch(next);
  };
}
