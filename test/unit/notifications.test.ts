import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, test } from "node:test";
import { checkOptions } from "../../src/core/check-options.js";
import { type NotificationEvent, notificationOf, testNotification } from "../../src/core/notification.js";
import { channelSecrets } from "../../src/upgrade/notifications/deliver.js";
import { signatureOf } from "../../src/upgrade/notifications/webhook.js";

const LEAST = { version: "8.6.1", database: "sqlite:./app.db", migrations: "./migrations" };
const WEBHOOK = { url: "https://hooks.example/upgrades", secret: "0123456789abcdef" };
const MAIL = { smtp: "smtps://ops:pa55word@mail.example:465", from: "Shop <shop@example.com>", to: "ops@example.com" };

function problemsOf(notifications: unknown): string[] {
  return checkOptions({ ...LEAST, notifications }, {}).problems.map(({ path, message }) => `${path}: ${message}`);
}

describe("the option notifications", () => {
  test("takes a webhook, mail, or both; all events unless told", () => {
    const { value, problems } = checkOptions({ ...LEAST, notifications: { webhook: WEBHOOK, mail: MAIL } }, {});
    assert.deepEqual(problems, []);
    assert.deepEqual(value.notifications, {
      webhook: WEBHOOK,
      mail: { ...MAIL, to: ["ops@example.com"] },
      on: ["finished", "failed", "interrupted"],
    });
    assert.deepEqual(
      checkOptions({ ...LEAST, notifications: { mail: { ...MAIL, smtp: { host: "mail" } }, on: ["failed"] } }, {}).problems,
      [],
    );
  });

  const table: [what: string, notifications: unknown, says: RegExp][] = [
    ["neither", {}, /^notifications\.webhook: or mail is needed/],
    ["a slip", { webhok: WEBHOOK, mail: MAIL }, /did you mean "webhook"/],
    ["a word", "webhook", /^notifications: must be an object/],
    ["an address without a scheme", { webhook: { ...WEBHOOK, url: "hooks.example" } }, /^notifications\.webhook\.url/],
    ["another scheme", { webhook: { ...WEBHOOK, url: "file:///etc/passwd" } }, /^notifications\.webhook\.url/],
    ["a short secret", { webhook: { ...WEBHOOK, secret: "short" } }, /^notifications\.webhook\.secret: .*16/],
    ["no sender", { mail: { ...MAIL, from: undefined } }, /^notifications\.mail\.from/],
    ["a header in the sender", { mail: { ...MAIL, from: "a@b.example\r\nBcc: c@d.example" } }, /^notifications\.mail\.from/],
    ["nobody", { mail: { ...MAIL, to: [] } }, /^notifications\.mail\.to/],
    ["a mail server by http", { mail: { ...MAIL, smtp: "http://ops:pa55word@mail.example" } }, /^notifications\.mail\.smtp/],
    ["an unknown event", { mail: MAIL, on: ["started"] }, /^notifications\.on/],
  ];
  for (const [what, notifications, says] of table)
    test(`refuses ${what}`, () => {
      const problems = problemsOf(notifications);
      assert.match(problems.join("\n"), says);
      assert.doesNotMatch(problems.join("\n"), /pa55word/, "no credentials in the message");
    });
});

test("the signature is one that anybody can check with the secret, over time and body", () => {
  const body = '{"event":"test"}';
  const [, t, v1] = /^t=(\d+),v1=([\da-f]{64})$/.exec(signatureOf(body, WEBHOOK.secret, 1_790_000_000)) ?? [];
  assert.equal(t, "1790000000");
  assert.equal(v1, createHmac("sha256", WEBHOOK.secret).update(`${t}.${body}`).digest("hex"));
});

describe("what is told", () => {
  const run = {
    id: "20261122T131402-9f2c4e1a",
    kind: "upgrade",
    fromVersion: "1.0.0",
    toVersion: "1.1.0",
    startedAt: null,
    finishedAt: null,
    migrations: { applied: 1, total: 3 },
  } as const;
  const error = { code: "ERR_UPGATE_MIGRATION_FAILED", message: "The disk is full.", remedy: "Free space.", migration: "1.1.0/0001-a" };
  const told = (event: NotificationEvent, kind: "upgrade" | "install" | "restore" = "upgrade") =>
    notificationOf({ id: "i", event, createdAt: "", product: "Shop", run: { ...run, kind }, error: event === "failed" ? error : null });

  test("says in one sentence what has become of the run", () => {
    assert.equal(told("finished").subject, "Shop: The upgrade to release 1.1.0 is finished.");
    assert.equal(told("failed", "install").subject, "Shop: The installation to release 1.1.0 has failed.");
    assert.equal(told("interrupted", "restore").subject, "Shop: The restore of release 1.1.0 was interrupted.");
  });

  test("and what to do", () => {
    assert.match(told("failed").text, /The disk is full\.\nWhat to do: Free space\./);
    assert.match(told("interrupted").text, /press Resume/);
    assert.match(told("finished").text, /1 of 3 database changes/);
    assert.match(testNotification("i", "", null).text, /test message/);
  });
});

test("what a log must not say of the channels", () => {
  const secrets = channelSecrets({ webhook: WEBHOOK, mail: { ...MAIL, to: [] }, on: [] });
  for (const secret of [WEBHOOK.secret, WEBHOOK.url, "/upgrades", MAIL.smtp, "pa55word"]) assert.ok(secrets.includes(secret), secret);
  assert.ok(
    channelSecrets({ webhook: null, mail: { ...MAIL, smtp: { auth: { user: "ops", pass: "pa55word" } }, to: [] }, on: [] }).includes(
      "pa55word",
    ),
  );
});
