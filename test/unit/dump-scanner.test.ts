import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DumpScanner } from "../../src/backup/dump-scanner.js";
import type { DumpSection } from "../../src/backup/dump-sections.js";

const HEADER =
  "/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n--\n-- Host: it's    Database: a\n\n/*!40101 SET NAMES utf8mb4 */;\n\n";
const FOOTER = "/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;\n\n-- Dump completed on 2026-11-23  6:57:41\n";
const border = (what: string): string => `\n--\n-- ${what}\n--\n\n`;
const TRICK = "\\n--\n-- Table structure for table `evil`\n--\nINSERT INTO `evil` VALUES (1),(2);\n-- Dump completed\n";

const DUMP =
  `${HEADER}${border("Table structure for table `a ``b`")}DROP TABLE IF EXISTS \`a \`\`b\`;\nCREATE TABLE \`a \`\`b\` (\n  \`V;\` int COMMENT 'it''s; ${TRICK}',\n  b int DEFAULT (5--3) /* no ' end; */\n);\n` +
  `${border("Dumping data for table `a ``b`")}/*!40000 ALTER TABLE x DISABLE KEYS */;\nINSERT INTO \`a \`\`b\` (\`V(\`, \`b)\`) VALUES\n(1,'x\\\\'),\n(-2,'),(;\\''),\n(NULL,_binary '${TRICK}''');\n` +
  `INSERT INTO \`a \`\`b\` VALUES (4,'a\\'b"\`'),(5,0x00FF);\n` +
  `/*!50003 SET sql_mode              = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES' */ ;\nDELIMITER ;;\n` +
  `/*!50003 CREATE*/ /*!50017 DEFINER=\`r\`@\`h\`*/ /*!50003 TRIGGER t BEFORE INSERT ON x FOR EACH ROW BEGIN -- don't\n# nor ' here\nSET NEW.a = '\\'; SET NEW."b\\" = 1;\n-- Dump completed\nEND */;;\n` +
  `DELIMITER ;\n/*!50003 SET sql_mode              = @saved_sql_mode */ ;\n` +
  `${border("Temporary view structure for view `v`")}/*!50001 CREATE VIEW \`v\` AS SELECT 1 AS \`id\`*/;\n` +
  `${border("Table structure for table `e`")}CREATE TABLE e (id int);\n${border("Dumping data for table `e`")}` +
  `${border("Dumping events for database 'a'")}${border("Dumping routines for database 'a'")}` +
  `ALTER DATABASE \`a\` CHARACTER SET latin1 COLLATE latin1_swedish_ci ;\nDELIMITER ;;\nCREATE PROCEDURE p() BEGIN /*! SELECT ';;' */ ; /**/ INSERT INTO x VALUES (1); END ;;\nDELIMITER ;\n` +
  `${border("Final view structure for view `v`")}/*!50001 VIEW \`v\` AS select '-- Dump completed' */;\n${FOOTER}`;

const TABLES: [string, number | null][] = [
  ["a `b", 5],
  ["v", null],
  ["e", 0],
];
const KINDS = ["table", "data", "view-placeholder", "table", "data", "events", "routines", "view", "end"];

interface Scanned {
  readonly scanner: DumpScanner;
  readonly kinds: string[];
  readonly bytes: Buffer;
}

function scan(chunks: readonly Buffer[], alter = (line: Buffer): Buffer => line, known?: ReadonlyMap<string, number>): Scanned {
  const kinds: string[] = [];
  const bytes: Buffer[] = [];
  const sink = {
    section: ({ kind }: DumpSection) => void kinds.push(kind),
    bytes: (piece: Buffer) => void bytes.push(Buffer.from(piece)),
    alterDatabase: alter,
  };
  const scanner = new DumpScanner(sink, known);
  for (const chunk of chunks) scanner.push(chunk);
  return { scanner, kinds, bytes: Buffer.concat(bytes) };
}

function expectAll({ scanner, kinds, bytes }: Scanned, at: string): void {
  assert.deepEqual([...scanner.inventory.tables], TABLES, at);
  assert.deepEqual(kinds, KINDS, at);
  assert.equal(scanner.inventory.complete, true, at);
  assert.ok(bytes.equals(Buffer.from(DUMP)), `the bytes come out as they went in, ${at}`);
}

describe("a dump's scanner", () => {
  const dump = Buffer.from(DUMP);

  test("passes rows on whose length is known, and sees every border after them, wherever a chunk ends", () => {
    const { rowsBytes } = scan([dump]).scanner.inventory;
    assert.deepEqual([...rowsBytes.keys()], ["a `b"], "the other table has no rows");
    for (let size = 1; size <= 60; size++) {
      const chunks = Array.from({ length: Math.ceil(dump.length / size) }, (_, index) => dump.subarray(index * size, (index + 1) * size));
      const { scanner, kinds, bytes } = scan(chunks, (line) => line, rowsBytes);
      assert.deepEqual([kinds, scanner.inventory.complete, bytes.equals(dump)], [KINDS, true, true], `chunks of ${size}`);
    }
    for (const wrong of [1, 40]) {
      const other = new Map([["a `b", (rowsBytes.get("a `b") as number) - wrong]]);
      assert.throws(() => scan([dump], (line) => line, other), /The rows of a `b are not where the manifest says/);
    }
  });

  test("counts rows and sees borders wherever a chunk ends", () => {
    for (let at = 0; at <= dump.length; at++) expectAll(scan([dump.subarray(0, at), dump.subarray(at)]), `cut at ${at}`);
  });

  test("counts rows and sees borders in chunks of any size", () => {
    for (const size of [1, 2, 3, 5, 7, 61, 64, 1000])
      expectAll(
        scan(Array.from({ length: Math.ceil(dump.length / size) }, (_, n) => dump.subarray(n * size, (n + 1) * size))),
        `size ${size}`,
      );
  });

  test("takes no dump for complete that is cut anywhere", () => {
    const end = DUMP.lastIndexOf("-- Dump completed") + "-- Dump completed on".length;
    for (let at = 0; at < end; at++) assert.equal(scan([dump.subarray(0, at)]).scanner.inventory.complete, false, `cut at ${at}`);
  });

  test("counts rows with strings of all bytes, of any length", () => {
    const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const escaped = Buffer.from(
      every.toString("latin1").replace(/['"\\\0\n]/g, (byte) => `\\${byte === "\0" ? "0" : byte === "\n" ? "n" : byte}`),
      "latin1",
    );
    for (let copies = 0; copies < 40; copies++) {
      const string = Buffer.concat([
        Buffer.from("('"),
        ...Array<Buffer>(copies).fill(escaped),
        Buffer.from("\\\\".repeat(copies % 5)),
        Buffer.from("')"),
      ]);
      const parts = [border("Dumping data for table `t`"), "INSERT INTO `t` VALUES ", string, ",", string, ";\n"].map((part) =>
        Buffer.from(part as string),
      );
      const whole = Buffer.concat(parts);
      for (const cut of [whole.length, 100, 333])
        assert.equal(scan([whole.subarray(0, cut), whole.subarray(cut)]).scanner.inventory.tables.get("t"), 2, `${copies}, ${cut}`);
    }
  });

  test("lets the name of a database be put in the place of another", () => {
    const { bytes } = scan([dump.subarray(0, 1800), dump.subarray(1800)], (line) => Buffer.from(line.toString().replace("`a`", "`b`")));
    assert.match(bytes.toString(), /\nALTER DATABASE `b` CHARACTER SET latin1/);
  });
});
