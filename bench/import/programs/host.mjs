import "express";
import "knex";
