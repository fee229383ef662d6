import type { Connection } from "mysql2/promise";

/** Larger than any buffer on the way: a row that has to go through in one piece. */
export const LARGE_ROW_BYTES = 64 * 1024 * 1024;

/** Looks like the borders of a dump, in data, comments and bodies. */
const BORDER =
  "\n--\n-- Table structure for table `evil`\n--\n\nDROP TABLE IF EXISTS `evil`;\nINSERT INTO `evil` VALUES\n(1),\n(2);\n-- Dump completed\n";

const literal = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''").replaceAll("\n", "\\n")}'`;

const TABLES = [
  `CREATE TABLE types (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, t TINYINT, s SMALLINT UNSIGNED, m MEDIUMINT, i INT ZEROFILL, f FLOAT, d DOUBLE,
    n DECIMAL(65,30), b BIT(17), c CHAR(10) CHARACTER SET latin1, v VARCHAR(300), tt TINYTEXT, mt MEDIUMTEXT, lt LONGTEXT, bi BINARY(8),
    vb VARBINARY(300), tb TINYBLOB, bl BLOB, lb LONGBLOB, j JSON, e ENUM('a','b''c','ä,;') DEFAULT 'a', st SET('x','y','z'), da DATE, ti TIME(3), dt DATETIME(6),
    ts TIMESTAMP(2) NULL, y YEAR, g GEOMETRY, p POINT
  ) AUTO_INCREMENT = 4711 COMMENT = ${literal("with -- ; ' and " + BORDER)}`,
  "CREATE TABLE `generated` (id INT PRIMARY KEY, a INT NOT NULL, twice INT GENERATED ALWAYS AS (a * 2) STORED, thrice INT GENERATED ALWAYS AS (a * 3) VIRTUAL, z VARCHAR(9), KEY (twice))",
  "CREATE TABLE no_key (a INT, b VARCHAR(20))",
  "CREATE TABLE empty_one (id INT PRIMARY KEY)",
  "CREATE TABLE zero_dates (id INT PRIMARY KEY, d DATE NOT NULL DEFAULT '0000-00-00', dt DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00')",
  "CREATE TABLE `odd ``name` (`a ``b` INT PRIMARY KEY, `select` VARCHAR(50), `c;d` TEXT)",
  "CREATE TABLE `täble 雪` (id INT AUTO_INCREMENT PRIMARY KEY, `größe` VARCHAR(80))",
  "CREATE TABLE left_one (id INT PRIMARY KEY, right_id INT)",
  "CREATE TABLE right_one (id INT PRIMARY KEY, left_id INT, FOREIGN KEY fk_left (left_id) REFERENCES left_one (id) ON DELETE CASCADE)",
  "ALTER TABLE left_one ADD CONSTRAINT fk_right FOREIGN KEY (right_id) REFERENCES right_one (id)",
  "CREATE TABLE parted (id INT NOT NULL, y INT NOT NULL, PRIMARY KEY (id, y)) PARTITION BY RANGE (y) (PARTITION p0 VALUES LESS THAN (2000), PARTITION p1 VALUES LESS THAN MAXVALUE)",
  "CREATE TABLE large (id INT PRIMARY KEY, body LONGBLOB)",
  "CREATE TABLE many (id INT PRIMARY KEY, name VARCHAR(100), body BLOB)",
  "CREATE TABLE my_isam (id INT PRIMARY KEY, body TEXT, FULLTEXT (body)) ENGINE = MyISAM",
  "CREATE TABLE audit (id INT AUTO_INCREMENT PRIMARY KEY, what TEXT)",
];

const OBJECTS = [
  // A view that comes before what it is made of in the alphabet, and one upon it.
  "CREATE VIEW a_view AS SELECT * FROM z_view",
  `CREATE TRIGGER many_after AFTER INSERT ON many FOR EACH ROW BEGIN INSERT INTO audit (what) VALUES (CONCAT('many; ', NEW.id, ${literal(BORDER)})); END`,
  "CREATE TRIGGER `odd ``trigger` BEFORE UPDATE ON `odd ``name` FOR EACH ROW SET NEW.`c;d` = CONCAT(NEW.`c;d`, ';;')",
  "CREATE DEFINER = `gone`@`nowhere` TRIGGER empty_before BEFORE INSERT ON empty_one FOR EACH ROW SET NEW.id = NEW.id",
  `CREATE PROCEDURE fill(IN upto INT) BEGIN DECLARE i INT DEFAULT 0; -- Table structure for table \`evil\`
    /* ;; */ WHILE i < upto DO INSERT INTO no_key VALUES (i, ${literal(BORDER)}); SET i = i + 1; END WHILE; END`,
  "CREATE FUNCTION twice(a INT) RETURNS INT DETERMINISTIC RETURN a * 2",
  "CREATE DEFINER = `gone`@`nowhere` FUNCTION `odd ``function`() RETURNS VARCHAR(20) CHARSET utf8mb4 DETERMINISTIC RETURN ';;'",
  "CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2031-01-01 03:00:00' DISABLE DO BEGIN DELETE FROM audit; END",
];

/**
 * Makes everything in a database that a backup may stumble over. `large`: with one row of 64 MB, for servers whose `max_allowed_packet`
 * lets it pass.
 */
export async function fillRich(connection: Connection, { large }: { large: boolean }): Promise<void> {
  await connection.query("SET SESSION sql_mode = '', foreign_key_checks = 0");
  await connection.query("SET NAMES utf8mb4");
  for (const sql of TABLES) await connection.query(sql);
  await connection.query("CREATE VIEW z_view AS SELECT id, twice, thrice, 'it''s; -- Dump completed' AS `so ``so` FROM `generated`");
  for (const sql of OBJECTS) await connection.query(sql);
  await fillRows(connection);
  if (large) await connection.query(`INSERT INTO large SELECT 1, RPAD('\\0\\'\\"\\n', ${LARGE_ROW_BYTES}, '\\\\\\'(),;xyz')`);
}

async function fillRows(connection: Connection): Promise<void> {
  const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const row = {
    t: -128,
    s: 65535,
    m: -8388608,
    i: 7,
    f: 1.5,
    d: 1e-300,
    n: "12345678901234567890123456789012345.123456789012345678901234567890",
    c: "é",
    v: `quote ' double " back \\ new\nline tab\t nul\0 end\x1a 🚀`,
    tt: BORDER,
    mt: "",
    lt: `'),('${BORDER}`,
    bi: every.subarray(0, 8),
    vb: every,
    tb: every.subarray(1),
    bl: every,
    lb: Buffer.concat([every, every]),
    j: JSON.stringify({ a: ["ü", 1, null, `"\\'`] }),
    e: "b'c",
    st: "x,z",
    da: "2024-02-29",
    ti: "-838:59:59.000",
    dt: "9999-12-31 23:59:59.999999",
    ts: "2030-01-01 00:00:00.25",
    y: 2155,
  };
  await connection.query("INSERT INTO types SET ?", [row]);
  await connection.query(
    "UPDATE types SET b = b'10101010101010101', g = ST_GeomFromText('LINESTRING(0 0,1 1,2 3)'), p = ST_GeomFromText('POINT(39 92)')",
  );
  await connection.query("INSERT INTO types (id) VALUES (9223372036854775807)");
  await connection.query("INSERT INTO types (id, v, e) VALUES (0, '', ''), (5, NULL, NULL)");
  await connection.query("INSERT INTO `generated` (id, a, z) VALUES (1, 5, ''), (2, -3, 'x')");
  await connection.query("INSERT INTO no_key VALUES (1, 'same'), (1, 'same'), (NULL, NULL)");
  await connection.query(
    "INSERT INTO zero_dates VALUES (1, '0000-00-00', '0000-00-00 00:00:00'), (2, '2024-00-00', '2024-05-00 00:00:00')",
  );
  await connection.query("INSERT INTO `odd ``name` VALUES (1, 'x', ');'), (2, '`', '-- Dumping data for table `evil`')");
  await connection.query("INSERT INTO `täble 雪` (`größe`) VALUES ('👩‍👩‍👧 größer'), ('\\\\'), ('\\'')");
  await connection.query("INSERT INTO left_one VALUES (1, 1), (2, NULL)");
  await connection.query("INSERT INTO right_one VALUES (1, 1), (2, 2)");
  await connection.query("INSERT INTO parted VALUES (1, 1999), (2, 2024)");
  await connection.query("INSERT INTO my_isam VALUES (1, 'words and words'), (2, NULL)");
  const many = Array.from({ length: 5_000 }, (_, id) => [id, `name ${id} ('),(`, Buffer.concat([every.subarray(id % 256), every])]);
  for (let at = 0; at < many.length; at += 2000) await connection.query("INSERT INTO many VALUES ?", [many.slice(at, at + 2000)]);
}

/** Everything that a restore has to bring back: each object's definition, and each table's rows as a checksum over their bytes. */
export async function pictureOf(connection: Connection, database: string): Promise<Record<string, string>> {
  const picture: Record<string, string> = {};
  const rows = async (sql: string): Promise<Record<string, string>[]> =>
    (await connection.query(sql))[0] as unknown as Record<string, string>[];
  const quote = (name: string): string => `\`${name.replaceAll("`", "``")}\``;
  const at = (name: string): string => `${quote(database)}.${quote(name)}`;
  await connection.query("SET SESSION sql_mode = ''");
  const show = async (kind: string, name: string): Promise<void> => {
    const [made = {}] = await rows(`SHOW CREATE ${kind} ${at(name)}`);
    const text = Object.entries(made).find(([key]) => /^(create|sql original)/i.test(key))?.[1] ?? "";
    picture[`${kind} ${name}`] =
      `${text.replaceAll(`${quote(database)}.`, "").replace(/ VIRTUAL( NULL)?/g, " VIRTUAL")} ${made["sql_mode"] ?? ""} ${made["character_set_client"] ?? ""}`;
  };
  for (const { name = "", type } of await rows(
    `SELECT table_name AS name, table_type AS type FROM information_schema.tables WHERE table_schema = '${database}'`,
  )) {
    await show(type === "VIEW" ? "VIEW" : "TABLE", name);
    if (type === "VIEW") continue;
    const columns = await rows(
      `SELECT column_name AS name FROM information_schema.columns WHERE table_schema = '${database}' AND table_name = '${name.replaceAll("'", "''")}' ORDER BY ordinal_position`,
    );
    const row = columns.map((column) => `COALESCE(HEX(${quote(column["name"] ?? "")}), '-')`).join(", ',', ");
    const [sum] = await rows(
      `SELECT COUNT(*) AS n, SUM(CONV(LEFT(h, 12), 16, 10)) AS s, BIT_XOR(CONV(RIGHT(h, 12), 16, 10)) AS x FROM (SELECT SHA2(CONCAT(${row}), 256) AS h FROM ${at(name)}) AS every_row`,
    );
    picture[`rows of ${name}`] = `${sum?.["n"]} ${sum?.["s"]} ${sum?.["x"]}`;
  }
  for (const { name = "", type = "" } of await rows(
    `SELECT routine_name AS name, routine_type AS type FROM information_schema.routines WHERE routine_schema = '${database}'`,
  ))
    await show(type, name);
  for (const { name = "" } of await rows(
    `SELECT trigger_name AS name FROM information_schema.triggers WHERE trigger_schema = '${database}'`,
  ))
    await show("TRIGGER", name);
  for (const { name = "" } of await rows(`SELECT event_name AS name FROM information_schema.events WHERE event_schema = '${database}'`))
    await show("EVENT", name);
  return picture;
}
