import { isUpgateError, messageOf, UpgateError, type UpgateErrorCode } from "../core/errors.js";
import { ProgramError } from "./program.js";

/** The disk is full, told by our own stream or by a program. */
export function isOutOfSpace(error: unknown): boolean {
  const { code } = error as { code?: string };
  if (code === "ENOSPC" || code === "EDQUOT" || code === "SQLITE_FULL") return true;
  return /No space left on device|Disk quota exceeded|database or disk is full/i.test(messageOf(error));
}

export function backupFailure(error: unknown, signal?: AbortSignal): UpgateError {
  if (isUpgateError(error)) return error;
  if (signal?.aborted) return new UpgateError("ERR_UPGATE_BACKUP_FAILED", "The backup was stopped before it was done.", { cause: error });
  if (isOutOfSpace(error))
    return new UpgateError("ERR_UPGATE_BACKUP_SPACE", `The disk became full while the backup was written: ${messageOf(error)}`, {
      cause: error,
    });
  return new UpgateError("ERR_UPGATE_BACKUP_FAILED", `The backup could not be made: ${messageOf(error)}`, { cause: error });
}

/** What went wrong while a backup was read. */
export function damage(error: unknown, signal: AbortSignal): UpgateError {
  if (isUpgateError(error)) return error;
  if (signal.aborted)
    return new UpgateError("ERR_UPGATE_BACKUP_FAILED", "The check of the backup was stopped before it was done.", { cause: error });
  if (isOutOfSpace(error))
    return new UpgateError("ERR_UPGATE_BACKUP_SPACE", `The disk became full while the backup was read: ${messageOf(error)}`, {
      cause: error,
    });
  return new UpgateError("ERR_UPGATE_BACKUP_DAMAGED", `The backup can't be read to its end: ${messageOf(error)}`, { cause: error });
}

const PACKET = /max_allowed_packet|ERROR 1153|ERROR 2020|packet bigger/i;
const FOREIGN_DEFINER = /ERROR 1227\b/;
const GONE = /ERROR (?:2006|2013|2055|1927|1053|2002|2003|2026)\b|server has gone away|Lost connection/i;

/** `part`: the one that was being restored. */
export function restoreFailure(error: unknown, part: string, signal: AbortSignal): UpgateError {
  if (isUpgateError(error)) return error;
  const code: UpgateErrorCode = "ERR_UPGATE_RESTORE_FAILED";
  const where = `at “${part}”`;
  if (signal.aborted) return new UpgateError(code, `The restore was stopped ${where}.`, { cause: error });
  const said = error instanceof ProgramError ? error.said : messageOf(error);
  if (PACKET.test(said)) {
    const remedy = "Raise max_allowed_packet on the database server, to 1G for the time of the restore, then press Retry.";
    return new UpgateError(code, `The database server refuses a row for its size (max_allowed_packet) ${where}: ${messageOf(error)}`, {
      cause: error,
      remedy,
    });
  }
  if (FOREIGN_DEFINER.test(said)) {
    const remedy =
      "Give the account the right to name others as definers (SET USER on MariaDB, SET_ANY_DEFINER on MySQL, or SUPER), then press Retry.";
    const message = `The account may not make a view, trigger, routine or event that belongs to another account ${where}: ${messageOf(error)}`;
    return new UpgateError(code, message, { cause: error, remedy });
  }
  if (GONE.test(said)) {
    const remedy =
      "Make sure that the database server runs, then press Retry. If it happens there each time, raise the server's max_allowed_packet to 1G.";
    return new UpgateError(code, `The connection to the database was lost ${where}: ${messageOf(error)}`, { cause: error, remedy });
  }
  return new UpgateError(code, `The restore failed ${where}: ${messageOf(error)}`, { cause: error });
}
