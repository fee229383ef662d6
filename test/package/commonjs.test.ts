import { test } from "node:test";
import mysql from "mysql2/promise";
import { installsFirstRelease } from "../support/first-release.js";
import { startMariaDb } from "../support/mariadb.js";
import { installVendor } from "../support/vendor.js";

test("CommonJS, Express 4, mysql2 on MariaDB, a .cjs configuration", async (t) => {
  const server = await startMariaDb();
  t.after(() => server.stop());
  const admin = await mysql.createConnection(server.url("mysql"));
  await admin.query("CREATE DATABASE notes");
  await admin.end();
  const vendor = await installVendor("commonjs-express4-mysql2");
  await installsFirstRelease(vendor, { script: "server.js", env: { DATABASE_URL: server.url("notes") } });
});
