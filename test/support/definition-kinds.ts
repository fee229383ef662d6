/**
 * How a statement in doubt is settled: `compared` shows in the definitions; `repeated` shows in nothing, and twice is the same
 * as once; `repeatable` and `undecidable` as the classifier says.
 */
export type Settlement = "compared" | "repeated" | "repeatable" | "undecidable";

export interface DefinitionKind {
  readonly sql: string;
  readonly settled: Settlement;
  /** What there is before, besides the tables of `BASE`. */
  readonly given?: readonly string[];
  /** A server of the other kind does not know the statement. */
  readonly only?: "MariaDB" | "MySQL";
}

/** What the cases start from, as far as they name it. `twin` and `other` have the same definition and other rows. */
export const BASE: Readonly<Record<string, readonly string[]>> = {
  shops: [
    "CREATE TABLE shops (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL DEFAULT 'x', price DECIMAL(10,2), note TEXT)",
    "INSERT INTO shops (name, price, note) VALUES ('a', 1, NULL), ('b', 2.5, 'n'), ('c', NULL, 'm')",
  ],
  twin: ["CREATE TABLE twin (id INT PRIMARY KEY, v INT, w INT) ENGINE=InnoDB", "INSERT INTO twin VALUES (1, 10, 11), (2, 20, 21)"],
  other: ["CREATE TABLE other (id INT PRIMARY KEY, v INT, w INT) ENGINE=InnoDB", "INSERT INTO other VALUES (7, 70, 71)"],
};

/** A name of the server's, not of a database: others may run the same tests. */
const OWN = `upgate_test_${process.pid}_kind`;
const PARTS =
  "CREATE TABLE parts (id INT PRIMARY KEY, v INT) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20))";
const PART_ROWS = "INSERT INTO parts VALUES (1, 1), (11, 2)";
const HASHED = "CREATE TABLE hashed (id INT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 4";

function all(settled: Settlement, statements: readonly string[], more: Omit<DefinitionKind, "sql" | "settled"> = {}): DefinitionKind[] {
  return statements.map((sql) => ({ sql, settled, ...more }));
}

const TABLES: readonly DefinitionKind[] = [
  ...all("compared", [
    "CREATE TABLE fresh (id INT PRIMARY KEY)",
    "CREATE TABLE fresh LIKE twin",
    "CREATE TABLE fresh AS SELECT * FROM twin",
    "CREATE TABLE fresh (id INT) ENGINE=MyISAM",
    "CREATE TABLE IF NOT EXISTS fresh (id INT PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS fresh AS SELECT * FROM twin",
    "CREATE TABLE `a``b.c` (id INT)",
    "DROP TABLE twin",
    "DROP TABLE twin, other",
    "DROP TABLE IF EXISTS twin, absent",
    "RENAME TABLE twin TO moved",
    "RENAME TABLE twin TO moved, other TO twin",
    "RENAME TABLE twin TO moved, other TO gone",
    "ALTER TABLE twin RENAME TO moved",
    "ALTER TABLE twin ADD x INT, RENAME moved",
  ]),
  ...all("repeated", [
    "CREATE TABLE IF NOT EXISTS twin (id INT)",
    "CREATE TABLE IF NOT EXISTS twin AS SELECT 5 AS id, 1 AS v, 2 AS w",
    "DROP TABLE IF EXISTS absent",
    "TRUNCATE TABLE twin",
    "TRUNCATE twin",
  ]),
  ...all("compared", ["CREATE OR REPLACE TABLE twin (z INT)", "CREATE OR REPLACE TABLE fresh (z INT)"], { only: "MariaDB" }),
  ...all(
    "repeated",
    [
      "CREATE OR REPLACE TABLE twin (id INT PRIMARY KEY, v INT, w INT) ENGINE=InnoDB",
      "CREATE OR REPLACE TABLE twin (id INT PRIMARY KEY, v INT, w INT) ENGINE=InnoDB AS SELECT * FROM other",
    ],
    { only: "MariaDB" },
  ),
  ...all("undecidable", ["RENAME TABLE twin TO t, other TO twin, t TO other", "RENAME TABLE twin TO t, t TO twin"]),
];

const COLUMNS: readonly DefinitionKind[] = [
  ...all("compared", [
    "ALTER TABLE twin ADD COLUMN x INT",
    "ALTER TABLE twin ADD x INT FIRST, ADD y INT AFTER v",
    "ALTER TABLE twin DROP COLUMN v",
    "ALTER TABLE twin MODIFY v BIGINT",
    "ALTER TABLE twin MODIFY v INT AFTER w",
    "ALTER TABLE twin CHANGE v vv INT",
    "ALTER TABLE twin RENAME COLUMN v TO vv",
    "ALTER TABLE twin RENAME COLUMN v TO w, RENAME COLUMN w TO v",
    "ALTER TABLE twin CHANGE v w INT, CHANGE w v INT",
    "ALTER TABLE twin ALTER COLUMN v SET DEFAULT 5",
    "ALTER TABLE shops MODIFY name VARCHAR(40) NULL",
    "ALTER TABLE shops MODIFY name VARCHAR(40) NOT NULL DEFAULT 'x' COMMENT 'AUTO_INCREMENT=7'",
    "ALTER TABLE twin ADD total INT GENERATED ALWAYS AS (v + w) STORED",
    "ALTER TABLE twin CONVERT TO CHARACTER SET latin1",
    "ALTER TABLE twin COMMENT = 'x'",
    "ALTER TABLE twin DEFAULT CHARACTER SET latin1",
  ]),
  ...all("repeated", [
    "ALTER TABLE twin DROP COLUMN v, ADD COLUMN v INT AFTER id",
    "ALTER TABLE twin MODIFY v INT",
    "ALTER TABLE shops AUTO_INCREMENT = 100",
    "ALTER TABLE twin ENGINE=InnoDB",
    "ALTER TABLE twin FORCE",
    "ALTER TABLE twin ORDER BY v DESC",
    "ALTER TABLE twin DISABLE KEYS",
  ]),
  ...all("repeated", ["ALTER TABLE twin ADD COLUMN IF NOT EXISTS v INT", "ALTER TABLE IF EXISTS absent ADD v INT"], { only: "MariaDB" }),
  ...all("undecidable", [
    "ALTER TABLE twin CHANGE v w INT AFTER w, CHANGE w v INT AFTER id",
    "ALTER TABLE twin DROP w, CHANGE v w INT, ADD v INT AFTER id",
    "ALTER TABLE twin DISCARD TABLESPACE",
  ]),
];

const INDEXES: readonly DefinitionKind[] = [
  ...all(
    "compared",
    [
      "CREATE INDEX by_v ON twin (v)",
      "CREATE UNIQUE INDEX by_v ON twin (v)",
      "ALTER TABLE twin ADD INDEX (v)",
      "ALTER TABLE twin ADD UNIQUE (v)",
      "ALTER TABLE twin DROP PRIMARY KEY",
      "ALTER TABLE twin ADD CONSTRAINT positive CHECK (v > 0)",
      "ALTER TABLE twin ADD CHECK (v > 0)",
      "ALTER TABLE twin ADD FOREIGN KEY (w) REFERENCES owner (id)",
      "ALTER TABLE twin ADD CONSTRAINT owned FOREIGN KEY (w) REFERENCES owner (id)",
    ],
    { given: ["CREATE TABLE owner (id INT PRIMARY KEY)", "INSERT INTO owner VALUES (11), (21)"] },
  ),
  ...all(
    "compared",
    [
      "ALTER TABLE twin ADD INDEX (v)",
      "ALTER TABLE twin RENAME INDEX by_v TO by_value",
      "ALTER TABLE twin RENAME INDEX by_v TO by_w, RENAME INDEX by_w TO by_v",
      "DROP INDEX by_v ON twin",
      "ALTER TABLE twin DROP INDEX by_v, ADD UNIQUE by_v (v)",
    ],
    { given: ["ALTER TABLE twin ADD INDEX by_v (v), ADD INDEX by_w (w)"] },
  ),
  ...all("repeated", ["ALTER TABLE twin DROP INDEX by_v, ADD INDEX by_v (v)"], { given: ["CREATE INDEX by_v ON twin (v)"] }),
  ...all("compared", ["ALTER TABLE twin ALTER INDEX by_v INVISIBLE"], { given: ["CREATE INDEX by_v ON twin (v)"], only: "MySQL" }),
  ...all("compared", ["ALTER TABLE twin ALTER INDEX by_v IGNORED"], { given: ["CREATE INDEX by_v ON twin (v)"], only: "MariaDB" }),
  ...all("compared", ["ALTER TABLE twin DROP FOREIGN KEY owned"], {
    given: [
      "CREATE TABLE owner (id INT PRIMARY KEY)",
      "INSERT INTO owner VALUES (11), (21)",
      "ALTER TABLE twin ADD CONSTRAINT owned FOREIGN KEY (w) REFERENCES owner (id)",
    ],
  }),
];

const ENGINES_AND_PARTITIONS: readonly DefinitionKind[] = [
  ...all("compared", [
    "ALTER TABLE twin ENGINE=MyISAM",
    "ALTER TABLE twin PARTITION BY HASH (id) PARTITIONS 2",
    "ALTER TABLE twin ROW_FORMAT=COMPRESSED",
  ]),
  ...all(
    "compared",
    ["ALTER TABLE mine ENGINE=InnoDB", "ALTER TABLE mine RENAME yours", "DROP TABLE mine", "RENAME TABLE mine TO old, twin TO mine"],
    {
      given: ["CREATE TABLE mine (id INT PRIMARY KEY) ENGINE=MyISAM"],
    },
  ),
  ...all(
    "compared",
    [
      "ALTER TABLE parts ADD PARTITION (PARTITION p2 VALUES LESS THAN (30))",
      "ALTER TABLE parts DROP PARTITION p0",
      "ALTER TABLE parts REMOVE PARTITIONING",
      "ALTER TABLE parts REORGANIZE PARTITION p0 INTO (PARTITION a VALUES LESS THAN (5), PARTITION b VALUES LESS THAN (10))",
    ],
    { given: [PARTS, PART_ROWS] },
  ),
  ...all("repeated", ["ALTER TABLE parts TRUNCATE PARTITION p0", "ALTER TABLE parts REBUILD PARTITION p0"], { given: [PARTS, PART_ROWS] }),
  ...all("undecidable", ["ALTER TABLE parts EXCHANGE PARTITION p0 WITH TABLE single"], {
    given: [PARTS, PART_ROWS, "CREATE TABLE single (id INT PRIMARY KEY, v INT)"],
  }),
  ...all("compared", ["ALTER TABLE parts CONVERT PARTITION p0 TO TABLE single"], { given: [PARTS, PART_ROWS], only: "MariaDB" }),
  ...all("compared", ["ALTER TABLE hashed COALESCE PARTITION 1", "ALTER TABLE hashed ADD PARTITION PARTITIONS 2"], { given: [HASHED] }),
  ...all("compared", ["ALTER TABLE twin ADD SYSTEM VERSIONING"], { only: "MariaDB" }),
];

const VIEW = "CREATE VIEW cheap AS SELECT id FROM shops WHERE price < 2";
const TRIGGER = "CREATE TRIGGER noted BEFORE INSERT ON twin FOR EACH ROW SET NEW.v = 1";
const PROCEDURE = "CREATE PROCEDURE work() SELECT 1";
const FUNCTION = "CREATE FUNCTION one() RETURNS INT DETERMINISTIC RETURN 1";
const EVENT = "CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 00:00:00' DO SELECT 1";

const PROGRAMS: readonly DefinitionKind[] = [
  ...all("compared", [VIEW, "CREATE OR REPLACE VIEW cheap AS SELECT 1 AS one", TRIGGER, PROCEDURE, FUNCTION, EVENT]),
  ...all(
    "compared",
    ["ALTER VIEW cheap AS SELECT 1 AS one", "DROP VIEW cheap", "DROP VIEW IF EXISTS cheap", "RENAME TABLE cheap TO dear"],
    { given: [VIEW] },
  ),
  ...all("repeated", ["CREATE OR REPLACE VIEW cheap AS SELECT id FROM shops WHERE price < 2"], { given: [VIEW] }),
  ...all("compared", ["DROP VIEW broken", "CREATE OR REPLACE VIEW broken AS SELECT 1 AS one"], {
    given: ["CREATE TABLE lost (id INT)", "CREATE VIEW broken AS SELECT id FROM lost", "DROP TABLE lost"],
  }),
  ...all("compared", ["DROP TRIGGER noted", "CREATE TRIGGER second BEFORE INSERT ON twin FOR EACH ROW PRECEDES noted SET NEW.w = 1"], {
    given: [TRIGGER],
  }),
  ...all("compared", ["ALTER PROCEDURE work COMMENT 'x'", "DROP PROCEDURE work"], { given: [PROCEDURE] }),
  ...all("compared", ["ALTER FUNCTION one COMMENT 'x'", "DROP FUNCTION one"], { given: [FUNCTION] }),
  ...all("compared", ["ALTER EVENT nightly DISABLE", "ALTER EVENT nightly RENAME TO daily", "DROP EVENT nightly"], { given: [EVENT] }),
  ...all("repeated", ["DROP TRIGGER IF EXISTS absent", "DROP PROCEDURE IF EXISTS absent", "DROP EVENT IF EXISTS absent"]),
  ...all("compared", ["CREATE OR REPLACE TRIGGER noted BEFORE INSERT ON twin FOR EACH ROW SET NEW.v = 2"], {
    given: [TRIGGER],
    only: "MariaDB",
  }),
  ...all("compared", ["CREATE SEQUENCE counter START WITH 5"], { only: "MariaDB" }),
  ...all("compared", ["ALTER SEQUENCE counter INCREMENT 3", "DROP SEQUENCE counter"], {
    given: ["CREATE SEQUENCE counter"],
    only: "MariaDB",
  }),
  ...all("repeated", ["ALTER SEQUENCE counter RESTART 50"], { given: ["CREATE SEQUENCE counter"], only: "MariaDB" }),
  ...all("undecidable", ["CREATE EVENT once ON SCHEDULE AT '2037-01-01 00:00:00' DO SELECT 1", "CALL work()"], { given: [PROCEDURE] }),
];

const ADMINISTRATION: readonly DefinitionKind[] = [
  ...all("repeatable", [
    "ANALYZE TABLE twin",
    "OPTIMIZE TABLE twin",
    "CHECK TABLE twin",
    "FLUSH TABLES",
    "ALTER DATABASE CHARACTER SET latin1",
    `CREATE USER IF NOT EXISTS ${OWN}`,
    `GRANT SELECT ON *.* TO ${OWN}`,
    `ALTER USER ${OWN} IDENTIFIED BY 'Secret-123'`,
    `DROP USER IF EXISTS ${OWN}`,
    `CREATE DATABASE IF NOT EXISTS ${OWN}`,
    `DROP DATABASE IF EXISTS ${OWN}`,
  ]),
  ...all("undecidable", [
    `REVOKE SELECT ON *.* FROM ${OWN}`,
    `CREATE USER ${OWN}`,
    `DROP USER ${OWN}`,
    `CREATE DATABASE ${OWN}`,
    `DROP DATABASE ${OWN}`,
  ]),
];

export const DEFINITION_KINDS: readonly DefinitionKind[] = [
  ...TABLES,
  ...COLUMNS,
  ...INDEXES,
  ...ENGINES_AND_PARTITIONS,
  ...PROGRAMS,
  ...ADMINISTRATION,
];
