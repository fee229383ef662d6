import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { narrows } from "../../src/core/column-narrowing.js";

const KEEPS: readonly (readonly [from: string, to: string])[] = [
  ["int(11)", "int"],
  ["int", "integer"],
  ["int(10) unsigned", "bigint"],
  ["tinyint(1)", "bool"],
  ["bigint unsigned", "serial"],
  ["int", "decimal(10,0)"],
  ["int", "double"],
  ["smallint", "float"],
  ["int", "varchar(11)"],
  ["decimal(8,2)", "decimal(10,2)"],
  ["decimal(8,2)", "numeric(9, 3)"],
  ["decimal(8,2)", "double"],
  ["decimal(4,0)", "int"],
  ["decimal(8,2)", "varchar(10)"],
  ["float", "double"],
  ["varchar(50)", "varchar(50)"],
  ["varchar(50)", "varchar(100)"],
  ["char(10)", "varchar(10)"],
  ["varchar(20000)", "text"],
  ["text", "mediumtext"],
  ["text", "blob"],
  ["varchar(50)", "varbinary(200)"],
  ["varchar(50)", "json"],
  ["json", "longtext"],
  ["longtext", "json"],
  ["enum('a','b')", "enum('a', 'B', 'c')"],
  ["enum('a','bcd')", "varchar(3)"],
  ["enum('a','b')", "set('a','b')"],
  ["date", "datetime"],
  ["timestamp", "datetime"],
  ["datetime", "datetime(6)"],
  ["datetime(6)", "varchar(40)"],
  ["year(4)", "smallint"],
  ["bit(4)", "bit(8)"],
  ["geometry", "geometry"],
];

const NARROWS: readonly (readonly [from: string, to: string])[] = [
  ["bigint", "int"],
  ["int", "int unsigned"],
  ["int unsigned", "int"],
  ["int", "decimal(5,0)"],
  ["int", "float"],
  ["bigint", "double"],
  ["int", "varchar(5)"],
  ["int", "date"],
  ["decimal(10,2)", "decimal(10,4)"],
  ["decimal(10,2)", "decimal(10,1)"],
  ["decimal(10,2)", "int"],
  ["decimal(10,2)", "decimal(10,2) unsigned"],
  ["decimal(20,2)", "double"],
  ["double", "float"],
  ["double", "decimal(10,2)"],
  ["varchar(50)", "varchar(20)"],
  ["varchar(255)", "tinytext"],
  ["text", "varchar(255)"],
  ["mediumtext", "text"],
  ["blob", "text"],
  ["varchar(50)", "int"],
  ["varchar(50)", "enum('a')"],
  ["json", "text"],
  ["enum('a','b')", "enum('a')"],
  ["enum('a','bcd')", "char(2)"],
  ["set('a','b')", "enum('a','b')"],
  ["datetime", "date"],
  ["datetime", "timestamp"],
  ["datetime(6)", "datetime"],
  ["datetime", "time"],
  ["bit(8)", "bit(4)"],
  ["geometry", "point"],
];

describe("a type that holds all that the other one does", () => {
  for (const [from, to] of KEEPS) test(`${from} to ${to}`, () => assert.equal(narrows(from, to), false));
});

describe("a type that holds less", () => {
  for (const [from, to] of NARROWS) test(`${from} to ${to}`, () => assert.equal(narrows(from, to), true));
});
