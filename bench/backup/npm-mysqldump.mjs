// Dumps a database by the npm package mysqldump. Prints what that took, as JSON.
import { readFileSync } from "node:fs";
import mysqldump from "mysqldump";

const [url, file] = process.argv.slice(2);
const { hostname: host, port, username: user, pathname } = new URL(url);
const peak = () => Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"))[1]) * 1024;

const basePeak = peak();
const startNs = process.hrtime.bigint();
const connection = { host, port: Number(port), user, password: "", database: pathname.slice(1) };
// Its own compression fails: it removes the file that it is about to read.
await mysqldump({ connection, dumpToFile: file });
const ms = Number(process.hrtime.bigint() - startNs) / 1e6;
process.stdout.write(JSON.stringify({ ms, basePeak, peak: peak() }), () => process.exit());
