import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, test } from "node:test";
import { checkSignature, publicKeyProblem, signed } from "../../src/release/signature.js";

const pair = (): { privateKey: string; publicKey: string } => {
  const keys = generateKeyPairSync("ed25519");
  return {
    privateKey: keys.privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    publicKey: keys.publicKey.export({ type: "spki", format: "pem" }) as string,
  };
};
const ours = pair();
const theirs = pair();
const CONTENT = { version: "8.6.1", files: { "b.js": "1", "a.js": "2" }, list: [1, null, { z: 1, y: "ü" }] };

describe("a signed document", () => {
  const document = signed(CONTENT, ours.privateKey);

  test("is valid, also with other keys beside the right one", () => {
    assert.equal(checkSignature(document, [ours.publicKey]), "valid");
    assert.equal(checkSignature(document, [theirs.publicKey, ours.publicKey]), "valid");
  });

  test("is valid whatever the order and the layout of its JSON", () => {
    const { version, files, list, signature } = JSON.parse(JSON.stringify(document, null, 7)) as typeof document;
    assert.equal(
      checkSignature({ signature, list, files: Object.fromEntries(Object.entries(files).toReversed()), version }, [ours.publicKey]),
      "valid",
    );
  });

  test("is broken by any change of its content", () => {
    for (const change of [
      { version: "8.6.2" },
      { files: { ...CONTENT.files, "c.js": "3" } },
      { list: [1, { z: 1, y: "ü" }, null] },
      { more: null },
    ])
      assert.equal(checkSignature({ ...document, ...change }, [ours.publicKey]), "broken");
    const swapped = { ...document.signature, value: signed({ version: "8.6.0" }, ours.privateKey).signature.value };
    assert.equal(checkSignature({ ...document, signature: swapped }, [ours.publicKey]), "broken");
    for (const value of ["", "AAAA", 7 as unknown as string])
      assert.equal(checkSignature({ ...document, signature: { ...document.signature, value } }, [ours.publicKey]), "broken");
  });

  test("of another key is not trusted, nor one that claims to be of ours", () => {
    const foreign = signed(CONTENT, theirs.privateKey);
    assert.equal(checkSignature(foreign, [ours.publicKey]), "untrusted");
    const claiming = { ...foreign, signature: { ...foreign.signature, keyId: document.signature.keyId } };
    assert.equal(checkSignature(claiming, [ours.publicKey]), "broken");
    assert.equal(checkSignature({ ...document, signature: { ...document.signature, algorithm: "none" } }, [ours.publicKey]), "untrusted");
  });

  test("without a signature is told", () => {
    assert.equal(checkSignature(CONTENT, [ours.publicKey]), "unsigned");
    assert.equal(checkSignature({ ...CONTENT, signature: null }, [ours.publicKey]), "unsigned");
  });

  test("may be signed anew", () => assert.equal(checkSignature(signed(document, theirs.privateKey), [theirs.publicKey]), "valid"));
});

describe("keys", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 1024 });

  test("other than Ed25519 sign nothing", () => {
    assert.throws(
      () => signed(CONTENT, rsa.privateKey.export({ type: "pkcs8", format: "pem" }) as string),
      /Ed25519 key is needed, this one is rsa/,
    );
  });

  test("are refused with the reason", () => {
    assert.equal(publicKeyProblem(ours.publicKey), null);
    assert.match(publicKeyProblem(ours.privateKey) ?? "", /private key, which must never be shipped/);
    for (const pem of ["", "no key", rsa.publicKey.export({ type: "spki", format: "pem" }) as string])
      assert.match(publicKeyProblem(pem) ?? "", /PEM text of a public Ed25519 key/);
  });
});
