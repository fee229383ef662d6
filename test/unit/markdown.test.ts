import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { notesBetween, renderMarkdown } from "../../src/release/markdown.js";

const TAG = /<(?!\/?(?:p|h[1-6]|ul|ol|li|em|strong|del|code|pre|blockquote|hr|br|table|thead|tbody|tr|t[hd]|input)\b|a href="|\/a>)/i;

describe("raw HTML in a licence or in notes is shown as text", () => {
  const texts = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "before <b onclick=alert(1)>bold</b> after",
    "<!-- comment --> <?php echo 1 ?> <![CDATA[x]]> <!DOCTYPE html>",
    "<a href=javascript:alert(1)>click</a>",
    "<style>body{display:none}</style>",
    "<div\nonmouseover=alert(1)>x</div>",
    '<iframe src="//evil.test"></iframe>',
    "- item <svg onload=alert(1)>",
    "> quote <script>x</script>",
    "| a |\n|---|\n| <script>x</script> |",
    "# heading <script>x</script>",
    "`<script>`",
    "```\n<script>\n```",
    '```"><script>\nx\n```',
    "![<script>](x.png)",
    "[<script>x</script>](https://vendor.test)",
    "<code><img/src=x/onerror=alert(1)></code>",
    "<pre><svg/onload=alert(1)></pre>",
    "text <kbd><svg/onload=alert(1)> more",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    "![x][pixel]\n\n[pixel]: data:image/gif;base64,R0lGOD",
    "[![x](data:image/png;base64,AA)](https://vendor.test)",
    '<img src="data:image/svg+xml,<svg onload=alert(1)>">',
    "<object data=data:text/html,x></object><embed src=x><form action=x><input name=y></form>",
    "## [8.6.1](javascript:alert(1)) <img src=x onerror=alert(1)>",
  ];
  for (const text of texts)
    test(JSON.stringify(text), () => {
      const html = renderMarkdown(text);
      assert.doesNotMatch(html, TAG, html);
      assert.doesNotMatch(html, /(?:src|href)="(?:data|javascript):/i, html);
      assert.doesNotMatch(html, /<[^>]*\son\w+=/i, html);
    });
});

describe("links lead to the web, to mail, or to a place of this site", () => {
  const kept = [
    "https://vendor.test/a?b=c&d=e",
    "http://vendor.test",
    "HTTPS://VENDOR.TEST",
    "mailto:support@vendor.test",
    "#terms",
    "/terms",
    "./terms.html",
    "../terms",
    "//cdn.vendor.test/x",
    "terms.html",
    "terms/eu?x#y",
  ];
  for (const href of kept)
    test(`${href} stays`, () => {
      assert.equal(
        renderMarkdown(`[label](${href})`),
        `<p><a href="${href.replaceAll("&", "&amp;")}" rel="noopener noreferrer">label</a></p>\n`,
      );
    });

  const dropped = [
    "[label](javascript:alert(1))",
    "[label](JaVaScRiPt:alert(1))",
    "[label](<java\tscript:alert(1)>)",
    "[label](java\nscript:alert(1))",
    "[label](<java\nscript:alert(1)>)",
    "[label](< javascript:alert(1)>)",
    "[label](\u0001javascript:alert(1))",
    "[label](javascript&#58;alert(1))",
    "[label](&#106;avascript:alert(1))",
    "[label](javascript&colon;alert(1))",
    "[label](java&Tab;script:alert(1))",
    "[label](java%0Ascript:alert(1))",
    "[label](javascript\\:alert(1))",
    "[label](data:text/html,<script>alert(1)</script>)",
    "[label](DATA:text/html;base64,PHNjcmlwdD4=)",
    "[label](vbscript:msgbox(1))",
    "[label](file:///etc/passwd)",
    "[label](blob:https://vendor.test/x)",
    "[label](com.example.app://open)",
    "[label][r]\n\n[r]: javascript:alert(1)",
    "<javascript:alert(1)>",
    "<vbscript:label>",
  ];
  for (const text of dropped)
    test(`${JSON.stringify(text)} is no link`, () => {
      const html = renderMarkdown(text);
      assert.doesNotMatch(html, /<a\b/i, html);
      assert.match(html, /label|javascript/);
    });

  test("an address or title can't break out of its attribute", () => {
    const html = renderMarkdown(`[label](https://vendor.test/"onclick="x 't"onclick="x')\n\n[b](<https://vendor.test/" onclick="x>)`);
    assert.doesNotMatch(html, /"\s*onclick/, html);
  });

  test("images are shown as their text: the page loads nothing from elsewhere", () => {
    assert.equal(renderMarkdown('![Our <logo> "x"](https://vendor.test/pixel.png)'), "<p>Our &lt;logo&gt; &quot;x&quot;</p>\n");
  });
});

test("Markdown's own markup is rendered", () => {
  const html = renderMarkdown("# Title\n\n**bold** *em* `a & b`\n\n1. one\n2. two\n\n| a |\n|---|\n| 1 |\n\nAT&amp;T, 5 < 6\n");
  for (const part of [
    "<h1>Title</h1>",
    "<strong>bold</strong>",
    "<em>em</em>",
    "<code>a &amp; b</code>",
    "<ol>",
    "<td>1</td>",
    "AT&amp;T, 5 &lt; 6",
  ])
    assert.ok(html.includes(part), part);
});

describe("the notes between two versions", () => {
  const CHANGELOG = `# Changelog

All notable changes.

## Unreleased

- secret

## [8.7.0] - 2026-12-01

- seven

## v8.6.1

- one

### Fixed

- fixed

## 8.6.1-release.1

- early

# 8.6.0 (2026-09-01)

- six
`;
  const table: [after: string | null, upTo: string, has: string[], lacks: string[]][] = [
    ["8.6.0", "8.6.1", ["one", "Fixed", "fixed", "early"], ["seven", "six", "secret", "notable"]],
    ["8.6.1-release.1", "8.6.1", ["one", "fixed"], ["early", "seven"]],
    ["8.6.1", "8.7.0", ["seven"], ["one", "secret"]],
    [null, "8.6.1", ["one", "Fixed", "fixed"], ["seven", "notable", "early", "six"]],
    ["8.5.0", "8.7.0", ["seven", "one", "early", "six"], ["secret"]],
  ];
  for (const [after, upTo, has, lacks] of table)
    test(`after ${after ?? "nothing"} up to ${upTo}`, () => {
      const notes = notesBetween(CHANGELOG, after, upTo) ?? "";
      assert.deepEqual(
        has.filter((word) => !notes.includes(word)),
        [],
      );
      assert.deepEqual(
        lacks.filter((word) => notes.includes(word)),
        [],
      );
    });

  const headings = [
    "## [8.6.1] - 2026-11-01",
    "## [v8.6.1]",
    "# v8.6.1",
    "### [8.6.1](https://vendor.test/compare/v8.6.0...v8.6.1) (2026-11-01)",
    "## Version 8.6.1",
    "## Release 8.6.1 (stable)",
    "8.6.1\n-----",
    "## [8.6.1] - 2026-11-01 [YANKED]",
  ];
  for (const heading of headings)
    test(`below ${JSON.stringify(heading)}`, () => {
      const notes = notesBetween(`## 8.7.0\n\n- seven\n\n${heading}\n\n- one\n\n## 8.6.0\n\n- six\n`, "8.6.0", "8.6.1");
      assert.match(notes ?? "", /one/);
      assert.doesNotMatch(notes ?? "", /seven|six/);
    });

  test("hold all that conventional-changelog writes, whose patch releases are headed as low as their parts", () => {
    const text =
      "# Changelog\n\n### [8.6.2](x) (2026-11-02)\n\n### Bug Fixes\n\n* two\n\n### [8.6.1](x) (2026-11-01)\n\n\n### Features\n\n* one\n\n## [8.6.0](x)\n\n### Bug Fixes\n\n* six\n";
    const notes = notesBetween(text, "8.6.0", "8.6.2") ?? "";
    assert.match(notes, /Bug Fixes\s+\* two[^]*Features\s+\* one/);
    assert.doesNotMatch(notes, /six|Changelog/);
  });

  test("of prereleases come in their order", () => {
    const text = "## 9.0.0\n\n- final\n\n## 9.0.0-rc.2\n\n- second\n\n## 9.0.0-rc.1\n\n- first\n\n## 8.7.0\n\n- old\n";
    assert.match(notesBetween(text, "9.0.0-rc.1", "9.0.0-rc.2") ?? "", /^## 9\.0\.0-rc\.2\s+- second$/);
    assert.match(notesBetween(text, "8.7.0", "9.0.0") ?? "", /final[^]*second[^]*first$/);
    assert.equal(notesBetween(text, "9.0.0", "9.1.0"), null);
  });

  test("come newest first, also where the changelog stands the other way round", () => {
    const text = "# 8.6.0\n\n- six\n\n# 8.6.1\n\n- one\n\n## Fixed\n\n- fixed\n\n# 8.7.0\n\n- seven";
    assert.equal(notesBetween(text, "8.6.0", "8.7.0"), "# 8.7.0\n\n- seven\n\n# 8.6.1\n\n- one\n\n## Fixed\n\n- fixed");
    assert.equal(notesBetween(text, null, "8.6.0"), "# 8.6.0\n\n- six");
  });

  test("lack what stands below the last version", () => {
    assert.equal(notesBetween("## 8.6.1\n\n- one\n\n## Support\n\nWrite to us.\n", "8.6.0", "8.6.1"), "## 8.6.1\n\n- one");
  });

  test("stand as they stand in the changelog, also with CRLF", () => {
    assert.match(notesBetween(CHANGELOG.replaceAll("\n", "\r\n"), "8.6.0", "8.7.0") ?? "", /seven[^]*one[^]*early/);
  });

  test("are null when there are none", () => {
    assert.equal(notesBetween(CHANGELOG, "8.7.0", "8.8.0"), null);
    assert.equal(notesBetween("  \n", "8.6.0", "8.6.1"), null);
  });

  test("are the whole text when it has no version headings", () => {
    assert.equal(notesBetween("# What is new\n\n- this\n", "8.6.0", "8.6.1"), "# What is new\n\n- this");
  });

  test("hold a comment in a code block, and what comes after it", () => {
    const notes = notesBetween(
      "## 8.6.1\n\n```sh\n# restart the service\nsystemctl restart shop\n```\n\n- after\n\n## 8.6.0\n",
      "8.6.0",
      "8.6.1",
    );
    assert.match(notes ?? "", /# restart the service[^]*systemctl[^]*after/);
  });

  test("hold the sections of a version whose heading is of the first level", () => {
    assert.match(notesBetween("# 8.6.1\n\n## Fixed\n\n- a\n\n# 8.6.0\n\n- old\n", "8.6.0", "8.6.1") ?? "", /^# 8\.6\.1\s+## Fixed\s+- a$/);
  });
});
