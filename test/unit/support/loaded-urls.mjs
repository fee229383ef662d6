// Loader hooks: every ES module that is loaded is told to the port given.
let port;

export function initialize(given) {
  port = given;
}

export async function load(url, context, next) {
  port.postMessage(url);
  return next(url, context);
}
