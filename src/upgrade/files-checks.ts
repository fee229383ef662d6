import path from "node:path";
import type { Check } from "../core/check.js";
import { type FilesComparison, filesProblem, listPaths, signatureProblem } from "../core/release-files.js";
import { attempt } from "./attempt.js";
import type { UpgradeContext } from "./context.js";
import type { FilesReading } from "./integrity.js";

/** How old a comparison may be for a page, ms. */
export const PAGE_AGE_MS = 60_000;
/** Before a start the files are read from the disk where they are not known: half a gigabyte takes its time there. */
const START_LIMIT_MS = 60_000;

type ReleaseFiles = Pick<UpgradeContext, "integrity" | "settings">;

/** The files against the manifest, and its signature. Reads only; never rejects. `maxAgeMs`: how old the comparison may be. */
export async function filesChecks({ integrity, settings }: ReleaseFiles, maxAgeMs: number): Promise<Check[]> {
  const reading = integrity.read(maxAgeMs);
  const limitMs = maxAgeMs < PAGE_AGE_MS ? START_LIMIT_MS : undefined;
  const { version, integrity: mode } = settings.options;
  const manifest = path.basename(settings.release.paths.manifest ?? "release.json");
  return Promise.all([
    attempt("integrity", "Files of the release", async () => integrityCheck(await reading, version, mode === "refuse"), limitMs),
    attempt("release-signature", "Signature of the release", async () => signatureCheck(await reading, manifest), limitMs),
  ]);
}

export function integrityCheck(reading: FilesReading, codeVersion: string, refuses: boolean): Check {
  const common = { id: "integrity", title: "Files of the release" };
  const fine = (message: string): Check => ({ ...common, severity: "ok", message, remedy: null });
  switch (reading.kind) {
    case "idle":
      return fine(IDLE[reading.because]);
    case "failed":
      return {
        ...common,
        severity: "warning",
        message: `The files can't be compared with release.json: ${reading.problem}`,
        remedy: "Upload release.json again.",
      };
    case "compared":
      return { ...common, ...judge(reading.comparison, codeVersion, refuses) };
  }
}

const IDLE = {
  off: "Not compared: the option integrity says so.",
  "no-manifest": "Not compared: the release has no manifest.",
  "not-sealed": "Not compared: the manifest lists no files.",
} as const satisfies Record<Extract<FilesReading, { kind: "idle" }>["because"], string>;

function judge(comparison: FilesComparison, codeVersion: string, refuses: boolean): Omit<Check, "id" | "title"> {
  const { version, listed, leftOver, tookMs, signature } = comparison;
  if (version !== codeVersion)
    return {
      severity: "warning",
      message: `release.json is of release ${version}, but this process runs ${codeVersion}.`,
      remedy: "Restart the application. If that does not help, upload all files of one release again, release.json too.",
    };
  // Of a manifest that can't be trusted the check of the signature tells; its files are compared all the same.
  const problem = filesProblem({ ...comparison, signature: signature === "valid" ? "valid" : "unasked" });
  if (problem)
    return refuses
      ? { severity: "danger", blocking: true, message: problem.reason, remedy: problem.remedy }
      : { severity: "warning", message: problem.reason, remedy: problem.remedy };
  if (leftOver.count > 0)
    return {
      severity: "warning",
      message: `These files were left over from an earlier release: ${listPaths(leftOver)}.`,
      remedy: "Delete them: this release does not have them, and nothing of it needs them.",
    };
  return { severity: "ok", message: `${listed} files are as release ${version} has them (compared in ${tookMs} ms).`, remedy: null };
}

export function signatureCheck(reading: FilesReading, manifest: string): Check {
  const common = { id: "release-signature", title: "Signature of the release" };
  const fine = (message: string): Check => ({ ...common, severity: "ok", message, remedy: null });
  if (reading.kind !== "compared" || reading.comparison.signature === "unasked")
    return fine("Not checked: the option publicKey names no key, or there is nothing signed.");
  const problem = signatureProblem(reading.comparison);
  if (problem) return { ...common, severity: "danger", blocking: true, message: problem.reason, remedy: problem.remedy };
  return fine(`${manifest} is signed with the vendor's key.`);
}
