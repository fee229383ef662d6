/// <reference lib="dom" />
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** WCAG 2.2, levels A and AA, and what axe calls good practice besides. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** axe finds nothing to complain of, in light and in dark, and nothing makes the page scroll sideways. */
export async function expectForEverybody(page: Page, name: string): Promise<void> {
  const scheme = await page.evaluate(() => matchMedia("(prefers-color-scheme: dark)").matches);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    assert.deepEqual(await violationsOn(page), [], `${name}, ${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: scheme ? "dark" : "light" });
  await expectFits(page, name);
}

async function violationsOn(page: Page): Promise<string[]> {
  // By the debugger's door: the pages' own policy lets no foreign script in.
  await page.evaluate(`${source}; undefined`);
  const { violations } = await page.evaluate<AxeResults>(
    `axe.run(document, { runOnly: { type: "tag", values: ${JSON.stringify(RULES)} }, resultTypes: ["violations"] })`,
  );
  return violations.flatMap(({ id, help, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${help}: ${html}: ${failureSummary}`));
}

export async function expectFits(page: Page, name: string): Promise<void> {
  const wider = await page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.body.querySelectorAll("*")]
      .filter((element) => element.getBoundingClientRect().right > width + 1 || element.getBoundingClientRect().left < -1)
      .map((element) => `${element.tagName.toLowerCase()}.${element.className}`);
  });
  assert.deepEqual(wider, [], `${name} is wider than its window`);
}

/** What the keyboard is at: role-like name and text. */
export function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return "";
    return `${element.tagName.toLowerCase()}${element.id ? `#${element.id}` : ""} ${(element.textContent ?? "").trim().slice(0, 60)}`.trim();
  });
}

/** Tabs on until the element is reached that `matches`; fails where it can't be reached, or has no visible focus. */
export async function tabTo(page: Page, matches: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press("Tab");
    const [found, outlined] = await page.evaluate((selector) => {
      const element = document.activeElement;
      const style = element && getComputedStyle(element);
      return [element?.matches(selector) ?? false, style !== null && (style.outlineStyle !== "none" || style.boxShadow !== "none")];
    }, matches);
    if (!found) continue;
    assert.ok(outlined, `the focus on ${matches} can be seen`);
    return;
  }
  assert.fail(`${matches} can't be reached by the Tab key; the focus is at ${await focused(page)}`);
}
