import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";

/** How a manifest or a feed is signed: Ed25519 (RFC 8032) over the canonical JSON of everything but this member. */
export interface Signature {
  readonly algorithm: "Ed25519";
  /** `keyIdOf` of the key that signed: says which one to try, and is itself no proof. */
  readonly keyId: string;
  /** Base64 of the 64 bytes. */
  readonly value: string;
}

/** `unsigned`: there is no signature; `untrusted`: by none of the keys; `broken`: by one of them, but not of this content. */
export type SignatureVerdict = "valid" | "unsigned" | "untrusted" | "broken";

/**
 * Adds `signature` to a JSON object, in place of one that is there. `privateKey`: PEM (PKCS #8) of an Ed25519 key; throws a `TypeError` for
 * any other.
 */
export function signed<Content extends object>(content: Content, privateKey: string): Content & { readonly signature: Signature } {
  const key = ed25519(createPrivateKey(privateKey));
  const value = sign(null, signedBytes(content), key).toString("base64");
  return { ...content, signature: { algorithm: "Ed25519", keyId: keyIdOf(createPublicKey(key)), value } };
}

/** `publicKeys`: PEM (SPKI) of Ed25519 keys; several while the vendor changes from one to the next. Never throws for the content. */
export function checkSignature(content: object, publicKeys: readonly string[]): SignatureVerdict {
  const { signature } = content as { readonly signature?: Partial<Signature> | null };
  if (signature === undefined || signature === null) return "unsigned";
  const key = publicKeys.map((pem) => ed25519(createPublicKey(pem))).find((one) => keyIdOf(one) === signature.keyId);
  if (signature.algorithm !== "Ed25519" || key === undefined) return "untrusted";
  const value = Buffer.from(String(signature.value), "base64");
  return value.length === 64 && verify(null, signedBytes(content), key, value) ? "valid" : "broken";
}

/** The first 16 hexadecimal digits of the SHA-256 of the key's DER (SPKI). */
export function keyIdOf(publicKey: KeyObject): string {
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("hex")
    .slice(0, 16);
}

/** Null: it is the PEM of a public Ed25519 key. */
export function publicKeyProblem(pem: string): string | null {
  try {
    if (/PRIVATE KEY/.test(pem)) return "is a private key, which must never be shipped: hand over the public one";
    ed25519(createPublicKey(pem));
    return null;
  } catch {
    return "must be the PEM text of a public Ed25519 key";
  }
}

function ed25519(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType !== "ed25519")
    throw new TypeError(`An Ed25519 key is needed, this one is ${key.asymmetricKeyType ?? key.type}.`);
  return key;
}

function signedBytes(content: object): Buffer {
  const { signature: _, ...rest } = content as Record<string, unknown>;
  return Buffer.from(canonicalJson(rest), "utf8");
}

/** One text for one value, whatever the order of its members (RFC 8785 for what JSON.parse gives). */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const members = Object.entries(value).filter(([, item]) => item !== undefined);
  // By UTF-16 code units, as RFC 8785 has it: the order that `<` gives.
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, item]) => `${JSON.stringify(name)}:${canonicalJson(item)}`).join(",")}}`;
}
