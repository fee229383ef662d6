export interface FailureAdvice {
  /** One sentence that a layman understands. */
  readonly message: string;
  readonly remedy: string;
}

/** Fits by one of the numbers, or else by what there is of code and text, together. */
export interface FailureRule extends FailureAdvice {
  /** Of MySQL and MariaDB: https://dev.mysql.com/doc/mysql-errors/en/ and https://mariadb.com/kb/en/mariadb-error-code-reference/ */
  readonly errnos?: readonly number[];
  /** Of SQLite: https://www.sqlite.org/rescode.html */
  readonly codes?: RegExp;
  readonly text?: RegExp;
}

const SQLITE_ERROR = /^SQLITE_ERROR$/;
const TO_VENDOR =
  "Send the report to the vendor: the release has to be corrected. To go back meanwhile, restore your backup and the old files.";
const DATA_TO_VENDOR =
  "Send the report to the vendor, who can say which rows to correct or can correct the release; then press Retry. To go back meanwhile, restore your backup and the old files.";

const DISK_FULL: FailureAdvice = {
  message: "There is no space left for the database: the disk, its quota or the table is full.",
  remedy: "Free space on the database server, or ask your host for more, then press Retry.",
};

/** The first that fits holds. */
export const FAILURE_RULES: readonly FailureRule[] = [
  {
    errnos: [1021, 1114],
    ...DISK_FULL,
  },
  {
    codes: /^SQLITE_FULL/,
    message: "There is no space left for the database: the disk, or the size that the file may have, is full.",
    remedy: "Free space on the disk of the database's file, then press Retry.",
  },
  {
    errnos: [1044, 1045, 1129, 1130, 1698],
    message: "The database server refused the account: the password, or the right to use this database, is wrong.",
    remedy: "Correct user and password in the configuration, or have your host restore the account's rights, then press Retry.",
  },
  {
    errnos: [1419],
    message: "The database server lets nobody but administrators create triggers or functions while it writes its binary log.",
    remedy: "Ask your host to set log_bin_trust_function_creators = 1, then press Retry.",
  },
  {
    errnos: [1142, 1143, 1227, 1370, 1410],
    codes: /^SQLITE_(?:AUTH|PERM)/,
    message: "The database account lacks a right that the upgrade needs.",
    remedy: "Run upgate doctor: it names what is missing. Grant it, or ask your host to, then press Retry.",
  },
  {
    errnos: [1040, 1203, 1226],
    message: "The database server has no connection left for the upgrade: too many are open, or the account's limit is reached.",
    remedy: "Stop other programs that use the database, or have the limit raised, then press Retry.",
  },
  {
    errnos: [1153, 1301, 2020],
    codes: /^SQLITE_TOOBIG/,
    message: "One statement is larger than the database takes (max_allowed_packet on MySQL and MariaDB).",
    remedy: "Have max_allowed_packet raised, for example to 256M, then press Retry.",
  },
  {
    errnos: [1037, 1038, 1041, 1206],
    codes: /^SQLITE_NOMEM/,
    message: "The database ran out of memory.",
    remedy: "Give it more memory (on MySQL and MariaDB innodb_buffer_pool_size), or ask your host to, then press Retry.",
  },
  {
    errnos: [1071, 1118, 1170, 1709],
    message: "A table's row or index would be longer than this server allows.",
    remedy: `Older servers and tables of the formats COMPACT or REDUNDANT allow less. ${TO_VENDOR}`,
  },
  {
    errnos: [1062, 1586],
    codes: /^SQLITE_CONSTRAINT_(?:UNIQUE|PRIMARYKEY|ROWID)/,
    message: "Several rows have the same value where each must have its own.",
    remedy: DATA_TO_VENDOR,
  },
  {
    errnos: [1216, 1217, 1451, 1452, 1761, 1762],
    codes: /^SQLITE_CONSTRAINT_(?:FOREIGNKEY|TRIGGER)/,
    message: "Rows refer to other rows that are not there, or that were to be removed.",
    remedy: DATA_TO_VENDOR,
  },
  {
    errnos: [1215, 1553, 1822, 1825, 1828, 1829, 1830, 1832, 1833, 1834, 3730, 3734, 3780],
    message: "A link between two tables (foreign key) can't be made or is in the way: the columns don't fit each other.",
    remedy: TO_VENDOR,
  },
  {
    // Whatever else the server was doing (1005, 1026, 1030, 3, …): the system's number 28 or 122 is in the text.
    text: /\b(?:errno|error):? (?:28|122)\b|No space left on device|Disk quota exceeded/i,
    ...DISK_FULL,
  },
  {
    // 1005 is said for anything that keeps a table from being created: 121 the link's name is taken, 150 it does not fit.
    text: /\berrno: (?:121|150)\b|Foreign key constraint is incorrectly formed/i,
    message: "A link between two tables (foreign key) can't be made: the columns don't fit each other, or its name is taken.",
    remedy: TO_VENDOR,
  },
  {
    errnos: [1007, 1022, 1050, 1060, 1061, 1304, 1359, 1813, 1826],
    codes: SQLITE_ERROR,
    text: /already exists|duplicate column name/i,
    message: "What the upgrade was to create is there already: a table, a column or an index of that name.",
    remedy:
      "It was made by hand or by an upgrade outside of upgate. Don't remove it if it may hold data: send the report to the vendor, or restore your backup and start again.",
  },
  {
    errnos: [1051, 1054, 1072, 1091, 1109, 1146, 1305, 1360],
    codes: SQLITE_ERROR,
    text: /no such (?:table|column|index|view|trigger)|has no column named/i,
    message: "The upgrade needs a table, a column or an index that this database does not have.",
    remedy:
      "It may have been renamed or removed by hand, or a migration was left out: upgate plan and upgate doctor tell. Else send the report to the vendor.",
  },
  {
    errnos: [1064, 1149, 1235, 1845, 1846],
    codes: SQLITE_ERROR,
    text: /syntax error|incomplete input|unrecognized token/i,
    message: "The database did not understand a statement of the release: it is wrong, or made for another version of the server.",
    remedy: `This is the vendor's to correct. ${TO_VENDOR}`,
  },
  {
    errnos: [1048, 1138, 1364],
    codes: /^SQLITE_CONSTRAINT_NOTNULL/,
    message: "Rows have no value where one is needed from now on.",
    remedy: DATA_TO_VENDOR,
  },
  {
    errnos: [1264, 1265, 1292, 1366, 1367, 1406, 1411, 1690],
    codes: /^SQLITE_(?:MISMATCH|CONSTRAINT_DATATYPE)/,
    message: "Rows hold values that don't fit the column any more: too long, too large or of another kind.",
    remedy: DATA_TO_VENDOR,
  },
  {
    errnos: [3819],
    text: /^(?:CHECK constraint failed|CONSTRAINT `.+` failed)/i,
    message: "Rows hold values that a rule of the table forbids from now on.",
    remedy: DATA_TO_VENDOR,
  },
  {
    errnos: [1317, 1969, 3024],
    codes: /^SQLITE_INTERRUPT/,
    message: "The database ended a statement before it was done: somebody stopped it, or it took longer than the server allows.",
    remedy: "Have the limit raised (max_statement_time, max_execution_time) or ask who stopped it, then press Retry.",
  },
  {
    errnos: [1034, 1035, 1194, 1195, 1814, 1877, 1932, 1712],
    message: "A table is damaged, or the disk was full when it was written.",
    remedy:
      "Look for free space on the database server. Have the table checked and repaired (CHECK TABLE, REPAIR TABLE), or restore your backup; then press Retry.",
  },
  {
    errnos: [1047],
    message: "This node of the database cluster is not ready for queries.",
    remedy: "Wait until the cluster is whole again, or name another of its nodes, then press Retry.",
  },
  {
    codes: /^SQLITE_(?:BUSY|LOCKED)/,
    message: "Another program holds the database locked.",
    remedy: "Stop other programs that use the database's file (jobs, database tools, backups), then press Retry.",
  },
  {
    codes: /^SQLITE_(?:CORRUPT|NOTADB)/,
    message: "The database's file is damaged, or is no database.",
    remedy: "Restore your backup. Keep the damaged file, with its -wal and -shm files, in case that something of it is to be rescued.",
  },
  {
    codes: /^SQLITE_(?:READONLY|CANTOPEN)/,
    message: "The database's file can't be opened or written.",
    remedy: "Give the process's user the right to write the file and its folder, then press Retry.",
  },
  {
    codes: /^SQLITE_(?:IOERR|PROTOCOL|NOLFS)/,
    message: "The disk failed while the database was read or written.",
    remedy: "Look into the system's log; check the disk, and that the file lies on a local one, not on a network share. Then press Retry.",
  },
];
