import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { messageOf, UpgateError } from "../core/errors.js";
import type { ReleaseManifest } from "../release/manifest.js";
import { checkSignature, signed } from "../release/signature.js";

export const KEY_VARIABLE = "UPGATE_SEAL_KEY";

/** The vendor's private key, PEM. */
export interface SealKey {
  readonly pem: string;
  /** Absolute; null: it came by the environment. */
  readonly file: string | null;
}

/** `given`: a file. Else the environment's variable, a file or the PEM text itself. Null: there is none. Throws `ERR_UPGATE_SEAL`. */
export function readSealKey(given: string | undefined, env: NodeJS.ProcessEnv): SealKey | null {
  const named = given ?? env[KEY_VARIABLE];
  if (named === undefined || named === "") return null;
  const isText = named.includes("-----BEGIN");
  const file = isText ? null : path.resolve(named);
  try {
    // Some build systems hand line ends on as two characters.
    const pem = file === null ? named.replaceAll(String.raw`\n`, "\n") : readFileSync(file, "utf8");
    const { asymmetricKeyType } = createPrivateKey(pem);
    if (asymmetricKeyType !== "ed25519") throw new TypeError(`it is of the kind ${asymmetricKeyType ?? "secret"}`);
    return { pem, file };
  } catch (cause) {
    const where = file ?? `the variable ${KEY_VARIABLE}`;
    throw new UpgateError("ERR_UPGATE_SEAL", `The private key in ${where} can't be used: ${messageOf(cause)}`, {
      cause,
      remedy: "Name the PEM file of an Ed25519 key without a passphrase; upgate seal --generate-key <file> makes one.",
    });
  }
}

/** True where accounts other than the owner may read the file. */
export function isOpenToOthers(file: string): boolean {
  return process.platform !== "win32" && (statSync(file).mode & 0o077) !== 0;
}

/** Signs where there is a key. Throws `ERR_UPGATE_SEAL` where the application would not accept the result. */
export function signManifest(manifest: ReleaseManifest, key: SealKey | null, publicKeys: readonly string[]): ReleaseManifest {
  if (key === null) {
    if (publicKeys.length === 0) return manifest;
    throw new UpgateError("ERR_UPGATE_SEAL", "The option publicKey is set, so that the release must be signed, and no key is given.", {
      remedy: `Name the private key with --key <file>, or in the variable ${KEY_VARIABLE}.`,
    });
  }
  const result = signed(manifest, key.pem);
  if (publicKeys.length > 0 && checkSignature(result, publicKeys) !== "valid")
    throw new UpgateError("ERR_UPGATE_SEAL", "The private key belongs to none of the keys in the option publicKey.", {
      remedy: "Sign with the key whose public part the application has, or add this one's to the option.",
    });
  return result;
}

/** Writes a new private key, for its owner alone, and returns the public one, both PEM. Throws `ERR_UPGATE_SEAL` where the file exists. */
export function generateKey(file: string): string {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  try {
    writeFileSync(file, pemOf(privateKey), { flag: "wx", mode: 0o600 });
  } catch (cause) {
    throw new UpgateError("ERR_UPGATE_SEAL", `The new key can't be written: ${messageOf(cause)}`, {
      cause,
      remedy: "Name a file that does not exist yet, outside the folder that you ship.",
    });
  }
  return pemOf(publicKey);
}

/** The public part of a private key, PEM. */
export function publicPartOf({ pem }: SealKey): string {
  return pemOf(createPublicKey(pem));
}

function pemOf(key: KeyObject): string {
  return key.export({ type: key.type === "private" ? "pkcs8" : "spki", format: "pem" }).toString();
}
