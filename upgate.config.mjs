import { defineConfig } from "upgate";

// The one source of options: the application, the command line and the upgrade's own process read this file.
export default defineConfig({
  // The release that this code is. Raise it together with a new folder below migrations/.
  version: "8.6.1",
  migrations: new URL("./migrations/", import.meta.url),

  // mysql://user:password@host:3306/ledgerly on a server; SQLite for a small installation.
  database: process.env.DATABASE_URL ?? "sqlite:./data/ledgerly.db",

  // The generated install key, the upgrades' logs, backups and reports.
  dataDir: process.env.DATA_DIR ?? "./data",

  // What the operator reads in the wizard.
  license: new URL("./demo/EULA.md", import.meta.url),
  releaseNotes: new URL("./demo/CHANGELOG.md", import.meta.url),

  // Where newer releases are told of; without it nobody is asked.
  ...(process.env.FEED_URL ? { feed: { url: process.env.FEED_URL } } : {}),

  branding: {
    name: "Ledgerly",
    accentColor: "#0b7a5e",
    adminUrl: "/admin",
    supportUrl: "mailto:support@ledgerly.example",
  },
});
