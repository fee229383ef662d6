import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { databaseKinds } from "../support/databases.js";
import { listening, PageClient } from "../support/hosting.js";
import { installerScene, walkToStart } from "../support/installer-scene.js";
import { until } from "../support/wait.js";

/** The oldest first, on purpose. */
const CHANGELOG = `# Changelog

## 1.0.0
- the beginning
## 1.0.5
- in between <script>alert(1)</script>
## 1.1.0
- the newest

### Fixed

- a small thing
## 1.2.0
- not yet
`;

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

describe("the release notes", () => {
  const [kind] = kinds;
  assert.ok(kind);
  const folder = mkdtempSync(path.join(os.tmpdir(), "upgate-notes-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, "CHANGELOG.md");

  const assertBetween = (html: string): void => {
    assert.match(html, /the newest[^]*a small thing[^]*in between &lt;script&gt;/);
    assert.doesNotMatch(html, /the beginning|not yet|<script>alert/);
  };
  const assertNewest = (html: string): void => {
    assert.match(html, /What is new in 1\.1\.0[^]*the newest[^]*a small thing/);
    assert.doesNotMatch(html, /the beginning|not yet|in between/);
  };
  const scene = (play: Parameters<typeof installerScene>[1], installed: string | null): Promise<void> => {
    writeFileSync(file, CHANGELOG);
    return installerScene(kind, play, { installed, more: { releaseNotes: file } });
  };

  it("of every release in between stand on review, done and System Health, those of the installed one afterwards", () =>
    scene(async ({ client, upgate }) => {
      await listening(
        (req, res) => upgate.health()(req, res, () => res.end()),
        async (health) => {
          const page = async (): Promise<string> => (await new PageClient(health).get("/")).text;
          assertBetween(await page());
          await walkToStart(client);
          assertBetween((await client.get("/install/review")).text);
          await client.get("/install/backup");
          await client.post("/install/start", { backup: "own" });
          await until("the upgrade to finish", async () => (await client.get("/install/progress")).location === "done");
          assertBetween((await client.get("/install/done")).text);
          assertNewest(await page());
        },
      );
    }, "1.0.0"));

  it("of a fresh installation are those of its release", () =>
    scene(async ({ client }) => {
      await walkToStart(client);
      assertNewest((await client.get("/install/review")).text);
    }, null));

  it("keep nobody from System Health when they are gone", () =>
    scene(async ({ client, project }) => {
      assertNewest((await client.get("/admin/system-health")).text);
      rmSync(file);
      const page = await client.get("/admin/system-health");
      assert.deepEqual([page.status, page.heading], [200, "System Health"]);
      assert.doesNotMatch(page.text, /<h2[^>]*>Release notes/);
      assert.match(project.lines.join("\n"), /release notes can't be read/);
    }, "1.1.0"));
});
