import { createUpgate } from "../index.js";
import { config } from "./config.js";

export const upgate = createUpgate(config);
