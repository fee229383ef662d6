import semver from "semver";
import { UpgateError } from "../../core/errors.js";
import { installedVersion, type PackageFile } from "./package-file.js";
import { knexWorkspaces } from "./workspaces.js";

const EXPRESS = "^4.18.0 || ^5.0.0";
const KNEX = "^3.0.0";

export interface InstalledPackages {
  readonly express: string;
  readonly knex: string;
}

/**
 * The installed Express and knex. Throws `ERR_UPGATE_KNEX` or `ERR_UPGATE_PROJECT` when one of them is missing or does
 * not fit, and when upgate itself could not be imported by the files that are to be written.
 */
export function checkRequirements(folder: string, packageFile: PackageFile): InstalledPackages {
  const knex = installedVersion(folder, "knex");
  const express = installedVersion(folder, "express");
  const members = packageFile.dependencies.has("knex") ? null : knexWorkspaces(folder, packageFile);
  if (members !== null) throw monorepoError(members);
  if (knex === null) throw missing("ERR_UPGATE_KNEX", "knex", packageFile);
  if (!fits(knex, KNEX))
    throw new UpgateError("ERR_UPGATE_KNEX", `knex ${knex} is installed here; upgate works with knex 3.`, {
      remedy: "Run: npm install knex@3",
    });
  if (express === null) throw missing("ERR_UPGATE_PROJECT", "express", packageFile);
  if (!fits(express, EXPRESS))
    throw new UpgateError("ERR_UPGATE_PROJECT", `Express ${express} is installed here; upgate works with Express 4.18 or later, or 5.`, {
      remedy: "Run: npm install express@4 (or express@5)",
    });
  if (installedVersion(folder, "upgate") === null)
    throw new UpgateError("ERR_UPGATE_PROJECT", "upgate is not installed in this project.", { remedy: "Run: npm install upgate" });
  return { express, knex };
}

/** Prereleases count: they are what their users have. */
function fits(version: string, range: string): boolean {
  return semver.satisfies(version, range, { includePrerelease: true });
}

function missing(code: "ERR_UPGATE_KNEX" | "ERR_UPGATE_PROJECT", name: "knex" | "express", { dependencies }: PackageFile): UpgateError {
  const title = name === "express" ? "Express" : name;
  if (dependencies.has(name))
    return new UpgateError(code, `${title} is in package.json, but not installed.`, { remedy: "Run: npm install" });
  return new UpgateError(code, `${title} is not installed here; upgate works in Express applications that use knex.`, {
    remedy: `Change into the application's folder, or run: npm install ${name}`,
  });
}

function monorepoError(members: readonly string[]): UpgateError {
  return new UpgateError("ERR_UPGATE_PROJECT", "This is the root of a monorepo, not an application.", {
    remedy:
      members.length === 0
        ? "Change into the folder of the package that is the Express application."
        : `Change into the application's folder. These packages use knex: ${members.join(", ")}`,
  });
}
