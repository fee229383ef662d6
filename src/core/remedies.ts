import type { RunError, RunKind } from "./run.js";

/** A way out of a failed run. */
export interface Remedy {
  readonly id: "retry" | "corrected-release" | "restore" | "start-anew" | "other-backup";
  readonly title: string;
  readonly text: string;
}

export interface FailedRun {
  readonly kind: RunKind;
  readonly fromVersion: string | null;
  readonly toVersion: string;
  readonly error: Pick<RunError, "remedy" | "migration" | "inDoubt"> | null;
  /** Whether a backup that was made for it lies on this machine. */
  readonly hasBackup: boolean;
}

/** The three ways out, the safest first: the one that undoes least, and loses nothing. */
export function remediesOf(run: FailedRun): readonly [Remedy, Remedy, Remedy] {
  if (run.kind === "restore") return [retryRestore(run), otherBackup(), ownBackup(run)];
  return [retry(run), correctedRelease(run), run.kind === "install" ? startAnew() : restore(run)];
}

function retry({ error }: FailedRun): Remedy {
  const cause = error?.remedy ?? "Remove the cause, then press Retry.";
  const text = error?.inDoubt
    ? "Look into the database and answer the question above. It goes on from there; what is done is kept."
    : error?.migration
      ? `${cause} Retry begins again with the change that failed; what is done is kept.`
      : `${cause} Retry goes on where it stopped; what is done is kept.`;
  return { id: "retry", title: "Remove the cause and go on", text };
}

function correctedRelease({ toVersion }: FailedRun): Remedy {
  return {
    id: "corrected-release",
    title: "Go on with a corrected release",
    text: `Send the report to the vendor. Upload the corrected release in place of ${toVersion}, restart the application, and go on: the changes that are done are kept and not done again.`,
  };
}

function restore({ fromVersion, hasBackup }: FailedRun): Remedy {
  const release = fromVersion ?? "the old release";
  const text = hasBackup
    ? `Everything that this upgrade has changed is undone. Nothing of your visitors’ is lost: the site has been closed since the backup was taken. Afterwards put the files of ${release} back.`
    : `Restore your own backup with your hosting panel or your database tool, and put the files of ${release} back. What was written after that backup is lost.`;
  return { id: "restore", title: "Go back to where it began", text };
}

function startAnew(): Remedy {
  return {
    id: "start-anew",
    title: "Start anew",
    text: "Empty the database, restart the application, and begin the installation again. There is nothing in it yet that could be lost.",
  };
}

function retryRestore({ error }: FailedRun): Remedy {
  return {
    id: "retry",
    title: "Remove the cause and go on",
    text: `${error?.remedy ?? "Remove the cause, then press Retry."} Retry goes on with the table that failed; those that are done are kept.`,
  };
}

function otherBackup(): Remedy {
  return {
    id: "other-backup",
    title: "Take another backup",
    text: "The command upgate backup list shows what there is; upgate restore and the backup’s name bring it back. What was written after it was taken is lost.",
  };
}

function ownBackup({ toVersion }: FailedRun): Remedy {
  return {
    id: "restore",
    title: "Restore your own backup",
    text: `Restore it with your hosting panel or your database tool, and put the files of ${toVersion} back. What was written after it was taken is lost.`,
  };
}
