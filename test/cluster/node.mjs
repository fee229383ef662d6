// A process of the application, on the built package: some quick requests and some slow streams, each of which uses the database.
import { createServer } from "node:http";
import { createUpgate } from "../../dist/index.js";

const CHUNKS = 6;
const CHUNK_MS = 150;

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
let visits = [];
let statements = 0;

/** By the wall clock, which on one machine is the database's, ms. */
const now = () => performance.timeOrigin + performance.now();

async function write(knex, path) {
  statements++;
  await knex("visits").insert({ path });
}

async function handle(knex, req, res) {
  const visit = { path: req.url, begin: now(), end: null };
  visits.push(visit);
  res.once("close", () => (visit.closed = now()));
  try {
    if (req.url.startsWith("/stream")) {
      for (let chunk = 0; chunk < CHUNKS; chunk++) {
        await write(knex, req.url);
        res.write(`${chunk}\n`);
        await new Promise((resolve) => setTimeout(resolve, CHUNK_MS));
      }
    } else if (req.url.startsWith("/endless")) {
      for (;;) {
        await write(knex, req.url);
        if (!res.destroyed) res.write("on and on\n");
        await new Promise((resolve) => setTimeout(resolve, CHUNK_MS));
      }
    } else await write(knex, req.url);
    res.end("done\n");
  } catch (error) {
    res.statusCode = 500;
    res.end(`${error.code}\n`);
  }
  visit.end = now();
}

const verbs = {
  async start({ options }) {
    const upgate = createUpgate({ ...options, logger: silent });
    const { knex } = upgate;
    const guard = upgate.guard();
    const server = createServer((req, res) => guard(req, res, () => void handle(knex, req, res)));
    server.keepAliveTimeout = 60_000;
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    // Only changes are told: who looks at the state for each would be a load of its own.
    let isOpen = null;
    setInterval(() => {
      const open = upgate.state().kind === "current";
      if (open !== isOpen) process.send({ told: open ? "open" : "closed", at: now() });
      isOpen = open;
    }, 5);
    return { port: server.address().port };
  },
  /** What was under way at any time of the window; requests without an end of their own were over when the operator ended them. */
  report({ from, to }) {
    const overlapping = visits.filter(
      ({ path, begin, end, closed }) => begin < to && ((path === "/endless" ? closed : end) ?? Infinity) > from,
    );
    return { served: visits.length, statements, overlapping: overlapping.length, examples: overlapping.slice(0, 3) };
  },
};

process.on("message", async ({ id, verb, ...given }) => {
  try {
    process.send({ id, answer: await verbs[verb](given) });
  } catch (error) {
    process.send({ id, error: String(error?.stack ?? error) });
  }
});
process.on("disconnect", () => process.exit());
