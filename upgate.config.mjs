import { existsSync } from "node:fs";
import { defineConfig } from "upgate";

/** A checkout is not sealed; what `npm run demo` ships is. */
const isSealed = existsSync(new URL("./release.json", import.meta.url));

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

  // What `upgate seal` has written, and who may have: files that are not as the vendor has shipped them are named, and nothing is upgraded with them.
  ...(isSealed ? { release: "./release.json", publicKey: process.env.VENDOR_PUBLIC_KEY } : {}),

  // The stock templates, those that the operator has changed, and the texts of earlier ones: after an upgrade the two are held against each other.
  ...(isSealed ? { templates: { stock: "./views/demo", custom: "./theme", archive: "./stock-templates.json" } } : {}),

  // Where newer releases are told of; without it nobody is asked.
  ...(process.env.FEED_URL ? { feed: { url: process.env.FEED_URL } } : {}),

  branding: {
    name: "Ledgerly",
    accentColor: "#0b7a5e",
    adminUrl: "/admin",
    healthUrl: "/admin/system-health",
    supportUrl: "mailto:support@ledgerly.example",
  },
});
