import "express";
import "knex";
import "upgate";
