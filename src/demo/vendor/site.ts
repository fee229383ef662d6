import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import { cpSync, existsSync, mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { serveFeed } from "../feed-server.js";
import { type ReleaseVersion, shipReleases } from "./releases.js";

/** An operator's server: the folder that releases are uploaded to, with the theme of the operator's own in it. */
export interface Site {
  /** Absolute. */
  readonly folder: string;
  /** What the operator does with an FTP program: the release's files over those that are there. `only`: the upload breaks off after these. */
  upload(version: ReleaseVersion, only?: (file: string) => boolean): void;
  /** Starts the application as its manager would. `stdio`: as `spawn` has it. */
  start(args: readonly string[], stdio: StdioOptions): ChildProcess;
}

/** Ships the releases to `<home>/releases`, and lays the site into `<home>/site`, where its data stay from one time to the next. */
export async function prepareSite(home: string): Promise<Site> {
  const releases = await shipReleases(path.join(home, "releases"));
  const feed = await serveFeed(releases.feed);
  const folder = path.join(home, "site");
  mkdirSync(folder, { recursive: true });
  const root = fileURLToPath(new URL("../../../", import.meta.url));
  if (!existsSync(path.join(home, "node_modules")))
    symlinkSync(path.join(root, "node_modules"), path.join(home, "node_modules"), "junction");
  if (!existsSync(path.join(folder, "theme"))) cpSync(path.join(root, "demo/theme"), path.join(folder, "theme"), { recursive: true });
  return {
    folder,
    upload: (version, only = () => true) => {
      const from = releases.folderOf(version);
      cpSync(from, folder, { recursive: true, filter: (file) => path.extname(file) === "" || only(path.relative(from, file)) });
    },
    start: (args, stdio) => {
      const { DATA_DIR: _, ...env } = process.env;
      const known = { VENDOR_PUBLIC_KEY: releases.publicKey, FEED_URL: feed };
      return spawn(process.execPath, [path.join(folder, "dist/demo/main.js"), ...args], {
        cwd: folder,
        env: { ...env, ...known },
        stdio,
      });
    },
  };
}
