type Testing = typeof import("../dist/testing.js", { with: { "resolution-mode": "import" } });

export type * from "../dist/testing.js" with { "resolution-mode": "import" };
export declare const openGate: Testing["openGate"];
export declare const testUpgrade: Testing["testUpgrade"];
