import { messageOf } from "../core/errors.js";
import type { Logger } from "../core/ports.js";

/** A request, a socket or a unit of work that was let in and is not over. */
export interface Admitted {
  /** `GET`; `work` for a unit of work. */
  readonly method: string;
  /** Without the query; the name of a unit of work. */
  readonly path: string;
  readonly ageMs: number;
}

/** What this process has let in. */
export interface Admissions {
  /** Not over yet, the oldest first. */
  list(): readonly Admitted[];
  /** Ends the connections of all that, and no more: handlers may go on. */
  cut(): void;
}

/** Called when the gate closes or opens. */
export type GateHook = () => unknown;

/** Waits, when the gate has closed, until what was let in is over and the host's own hooks have come to an end. */
export class Drain {
  readonly #onClose = new Set<GateHook>();
  readonly #onOpen = new Set<GateHook>();
  #hooks: "none" | "running" | "over" = "none";
  #isOpen = false;

  constructor(
    private readonly admissions: Admissions,
    private readonly logger: Logger,
  ) {}

  /** Returns what takes it back. */
  onClose(hook: GateHook): () => void {
    this.#onClose.add(hook);
    return () => void this.#onClose.delete(hook);
  }

  onOpen(hook: GateHook): () => void {
    this.#onOpen.add(hook);
    return () => void this.#onOpen.delete(hook);
  }

  /** What the closed gate still waits for. */
  list(): readonly Admitted[] {
    return this.admissions.list();
  }

  /** Nothing that was let in is under way any more. */
  get isOver(): boolean {
    return !this.#isOpen && this.#hooks !== "running" && this.admissions.list().length === 0;
  }

  /** The gate has closed. The hooks of a closing are called once. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#hooks = "running";
    void this.#call(this.#onClose, "onClose").then(() => (this.#hooks = "over"));
  }

  /** The gate has opened. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    void this.#call(this.#onOpen, "onOpen");
  }

  cut(): void {
    this.admissions.cut();
  }

  async #call(hooks: ReadonlySet<GateHook>, name: string): Promise<void> {
    await Promise.all(
      [...hooks].map(async (hook) => {
        try {
          await hook();
        } catch (error) {
          this.logger.error(`upgate: a function given to ${name} failed: ${messageOf(error)}`, error);
        }
      }),
    );
  }
}
