import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Scratch } from "../scratch.js";
import type { Told } from "./child-verbs.js";

const ANSWER_TIMEOUT_MS = 60_000;

export type ChildProgram = "server" | "node" | "visitors" | "steady-load";

/** A process of the benchmark's own. It answers one question at a time, and may tell things by itself; see `answerVerbs`. */
export class Child {
  readonly #told: Told[] = [];
  readonly #listeners = new Set<() => void>();

  private constructor(
    private readonly program: ChildProgram,
    private readonly child: ChildProcess,
  ) {
    child.on("message", (message: Partial<Told>) => {
      if (message.told === undefined) return;
      this.#told.push(message as Told);
      for (const listener of this.#listeners) listener();
    });
  }

  static start(program: ChildProgram, args: readonly string[], scratch: Scratch): Child {
    const child = fork(fileURLToPath(new URL(`./${program}.ts`, import.meta.url)), args, {
      env: { ...process.env, NODE_ENV: "production" },
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    scratch.adopt(child);
    return new Child(program, child);
  }

  /** Rejects when the process ends, or does not answer within a minute. */
  ask<T>(verb: string, given: object = {}): Promise<T> {
    return this.#wait<T>(verb, ANSWER_TIMEOUT_MS, (settle) => {
      const onMessage = (message: { readonly answer?: T }): void => {
        if ("answer" in message) settle(message.answer as T);
      };
      this.child.on("message", onMessage);
      this.child.send({ verb, given });
      return () => this.child.off("message", onMessage);
    });
  }

  /** Resolves with the moment at which the process told it, the first one from `sinceMs` on, both by the machine's clock, ms. */
  told(what: string, sinceMs: number, timeoutMs = ANSWER_TIMEOUT_MS): Promise<number> {
    return this.#wait<number>(`be ${what}`, timeoutMs, (settle) => {
      const look = (): void => {
        const found = this.#told.find(({ told, atMs }) => told === what && atMs >= sinceMs);
        if (found) settle(found.atMs);
      };
      this.#listeners.add(look);
      look();
      return () => this.#listeners.delete(look);
    });
  }

  async stop(): Promise<void> {
    if (!this.child.connected) return;
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.disconnect();
    await ended;
  }

  /** `begin` gets what settles the promise, and returns what ends its listening. */
  #wait<T>(what: string, timeoutMs: number, begin: (settle: (value: T) => void) => () => void): Promise<T> {
    if (!this.child.connected) return Promise.reject(new Error(`the benchmark's ${this.program} has ended, and can't ${what}`));
    return new Promise<T>((resolve, reject) => {
      let isOver = false;
      let end: (() => void) | null = null;
      const over = (act: () => void): void => {
        isOver = true;
        clearTimeout(timer);
        this.child.off("exit", onExit);
        end?.();
        act();
      };
      const onExit = (code: number | null): void =>
        over(() => reject(new Error(`the benchmark's ${this.program} ended, exit code ${code}, when asked to ${what}`)));
      const timer = setTimeout(() => over(() => reject(new Error(`the benchmark's ${this.program} does not ${what}`))), timeoutMs);
      this.child.on("exit", onExit);
      end = begin((value) => over(() => resolve(value)));
      if (isOver) end();
    });
  }
}
