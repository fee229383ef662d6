import { type Answer, headerOf, type KeptConnection, requestOf } from "./kept-connection.js";
import { machineMs } from "./machine-clock.js";

/** How a waiting page comes back: as public/maintenance.js does, or by a refresh after a fixed time, ms. */
export type Return = "script" | number;

/** What all visitors have done, each moment by the machine's clock, ms. */
export interface Visits {
  /** Requests of waiting pages that found the site still closed. */
  readonly looks: number[];
  /** Visitors who got the application. */
  readonly returns: number[];
  /** Requests that failed, by what was wrong. */
  readonly failures: Record<string, number>;
}

/** A visitor's browser, on one kept connection: `back` is called once it has the application, or will never have it. */
export class Page {
  readonly #get: Buffer;
  readonly #head: Buffer;
  #retryS = 0;

  constructor(
    private readonly connection: KeptConnection,
    port: number,
    private readonly how: Return,
    private readonly visits: Visits,
    private readonly back: () => void,
  ) {
    this.#get = requestOf("GET", port, "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
    this.#head = requestOf("HEAD", port, "*/*");
  }

  async load(): Promise<void> {
    const answer = await this.#ask(this.#get, true);
    if (answer?.status === 200) this.visits.returns.push(machineMs());
    else if (answer && isMaintenance(answer) && this.#waits(answer)) return;
    else if (answer) this.#fail(`status ${answer.status}`);
    // A browser's own error page does not come back by itself.
    this.back();
  }

  /** False for a page that does not come back by itself. */
  #waits({ body }: Answer): boolean {
    if (this.#retryS > 0) this.visits.looks.push(machineMs());
    this.#retryS = Number(/data-retry="(\d+)"/.exec(body)?.[1]);
    if (!(this.#retryS > 0)) return false;
    if (this.how === "script") this.#later(null);
    else setTimeout(() => void this.load(), this.how);
    return true;
  }

  /** As `later` of public/maintenance.js. */
  #later(answer: Answer | null): void {
    const askedS = Number(answer && headerOf(answer, "Retry-After"));
    setTimeout(() => void this.#look(), askedS > 0 ? askedS * 1000 : this.#retryS * 1000 * (0.5 + Math.random()));
  }

  /** As `look` there. */
  async #look(): Promise<void> {
    const answer = await this.#ask(this.#head, false);
    const isClosed = answer === null || (answer.status >= 502 && answer.status <= 504) || isMaintenance(answer);
    if (!isClosed) return this.load();
    if (answer) this.visits.looks.push(machineMs());
    this.#later(answer);
  }

  async #ask(request: Buffer, hasBody: boolean): Promise<Answer | null> {
    try {
      return await this.connection.ask(request, hasBody);
    } catch (error) {
      this.#fail((error as NodeJS.ErrnoException).code ?? (error as Error).message);
      return null;
    }
  }

  #fail(why: string): void {
    this.visits.failures[why] = (this.visits.failures[why] ?? 0) + 1;
  }
}

function isMaintenance(answer: Answer): boolean {
  return headerOf(answer, "Upgate-Maintenance") !== null;
}
