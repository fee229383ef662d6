type Upgate = typeof import("../dist/index.js", { with: { "resolution-mode": "import" } });

export type * from "../dist/index.js" with { "resolution-mode": "import" };
export type UpgateError = InstanceType<Upgate["UpgateError"]>;
export declare const UpgateError: Upgate["UpgateError"];
export declare const backfill: Upgate["backfill"];
export declare const createUpgate: Upgate["createUpgate"];
export declare const defineConfig: Upgate["defineConfig"];
