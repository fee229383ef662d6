import { generateKeyPairSync } from "node:crypto";

/** PEM. */
export interface VendorKeys {
  readonly privateKey: string;
  readonly publicKey: string;
}

export function vendorKeys(): VendorKeys {
  return generateKeyPairSync("ed25519", {
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
}
