// Imports the modules named, one after the other; prints which packages the last one has loaded that the others had not.
import { createRequire, register } from "node:module";
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";

const { port1, port2 } = new MessageChannel();
register("./loaded-urls.mjs", import.meta.url, { data: port2, transferList: [port2] });

const require = createRequire(import.meta.url);
const urls = new Set();

/** ES modules pass the hook; what CommonJS requires stands in its cache. */
function loadedPackages() {
  for (let message; (message = receiveMessageOnPort(port1));) urls.add(message.message);
  return new Set([...urls, ...Object.keys(require.cache)].map(packageOf));
}

function packageOf(file) {
  const name = /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(file)?.[1];
  return name ?? (/[\\/]dist[\\/]/.test(file) ? "upgate" : null);
}

const names = process.argv.slice(2);
const last = names.pop();
for (const name of names) await import(name);
const before = loadedPackages();
await import(last);
console.log(JSON.stringify([...loadedPackages()].filter((name) => name && !before.has(name)).toSorted()));
port1.close();
