import { after, describe, it } from "node:test";
import { expectFits } from "../support/accessibility.js";
import { launchChromium, onPage } from "../support/chromium.js";
import { hostApplication, listening } from "../support/hosting.js";
import { INSTALL_KEY } from "../support/project.js";
import { sealedProject } from "../support/sealed-project.js";
import { install, withUpgate } from "../support/upgates.js";
import { expectHeading, lookAt } from "./walk.js";

const LONG = "lib/vendor/a-package-with-a-very-long-name-that-nobody-can-break-anywhere/dist/esm/internal/implementation.production.min.js";

describe("a release whose upload broke off", async () => {
  const browser = await launchChromium();
  after(() => browser.close());

  it("tells visitors nothing and the operator every file, for everybody, on 320 pixels, too", async () => {
    const project = sealedProject("sqlite:./shop.db");
    const { release: _manifest, ...plain } = project.here;
    await install(plain, "1.1.0");
    project.write(LONG, "old");
    await project.seal("1.0.0");
    project.write(LONG, "new");
    await project.seal("1.1.0");
    project.write(LONG, "old");
    project.delete("lib/mail.js");
    await withUpgate(project.here, (upgate) =>
      listening(hostApplication(upgate), async (base) => {
        await onPage(browser, { viewport: { width: 1000, height: 800 } }, async (page) => {
          await page.goto(base);
          await expectHeading(page, "Down for Maintenance (Err 2)");
          await page.goto(`${base}/install`);
          await page.getByLabel(/install key/i).fill(INSTALL_KEY);
          await page.keyboard.press("Enter");
          await page.getByText("lib/mail.js").first().waitFor();
          await lookAt(page, "altered");
          await page.setViewportSize({ width: 320, height: 800 });
          await expectFits(page, "altered");
        });
      }),
    );
    project.remove();
  });
});
