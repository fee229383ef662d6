const SOURCE = new URL("../../src/", import.meta.url).href;
const BUILT = new URL("../../dist/", import.meta.url).href;

export function resolve(specifier, context, next) {
  if (!specifier.startsWith(".") && !specifier.startsWith("file:")) return next(specifier, context);
  const { href } = new URL(specifier, context.parentURL);
  return href.startsWith(SOURCE) ? next(BUILT + href.slice(SOURCE.length).replace(/\.ts$/, ".js"), context) : next(specifier, context);
}
