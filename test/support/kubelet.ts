import { createServer, request, type Server } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { type PodProcess, probe, startPodProcess } from "./pods.js";
import type { TestProject } from "./project.js";
import { until } from "./wait.js";

/** Kubernetes counts in seconds; the proportions are those of the recipe. */
const PERIOD_MS = 500;
const TIMEOUT_MS = 1000;
const FAILURES = 3;

export interface Pod {
  readonly name: string;
  /** Its process at the moment: a kubelet starts another one after it has killed one. */
  readonly process: PodProcess;
  /** Its readiness probe has answered 200 lately. */
  readonly isReady: boolean;
  /** Liveness probes answered so far. */
  readonly lives: number;
}

/** What a kubelet and a Service do: probe, kill and restart, and send visitors to what is ready. */
export class Kubelet {
  /** Names of the pods whose process it has killed. */
  readonly killed: string[] = [];
  readonly #pods = new Set<MutablePod>();
  readonly #looking: Promise<void>[] = [];
  #isOver = false;
  #turn = 0;

  /** `readiness`: the path of the probe. */
  constructor(private readonly readiness: string) {}

  async start(name: string, image: TestProject): Promise<Pod> {
    const pod: MutablePod = { name, image, process: await startPodProcess(image), isReady: false, lives: 0, isEnding: false };
    this.#pods.add(pod);
    this.#looking.push(this.#probe(pod, this.#live), this.#probe(pod, this.#ready));
    return pod;
  }

  /** As with the recipe's preStop: no visitor is sent there any more, then SIGTERM. Resolves with the exit code. */
  async end(pod: Pod): Promise<number | null> {
    const ending = pod as MutablePod;
    ending.isEnding = true;
    ending.isReady = false;
    ending.process.signal("SIGTERM");
    const code = await ending.process.ended;
    this.#pods.delete(ending);
    return code;
  }

  async close(): Promise<void> {
    this.#isOver = true;
    for (const { process } of this.#pods) process.signal("SIGKILL");
    await Promise.all([...this.#pods].map(({ process }) => process.ended));
    await Promise.all(this.#looking);
  }

  /** A Service: a ready pod after the other; where there is none, an answer of its own. */
  service(): Promise<Server> {
    const server = createServer((req, res) => {
      const ready = [...this.#pods].filter(({ isReady }) => isReady);
      const pod = ready[this.#turn++ % ready.length];
      if (!pod) return void res.writeHead(503).end("balancer: no backend");
      const { port } = pod.process;
      const onward = request(
        { host: "127.0.0.1", port, method: req.method, path: req.url, headers: req.headers, agent: false },
        (answer) => {
          res.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(res);
        },
      );
      onward.on("error", (error) => {
        if (res.headersSent) res.destroy();
        else res.writeHead(502).end(`balancer: ${pod.name} does not answer: ${error.message}`);
      });
      req.pipe(onward);
    });
    return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
  }

  async #probe(pod: MutablePod, look: (pod: MutablePod) => Promise<void>): Promise<void> {
    while (!this.#isOver && !pod.isEnding) {
      await look(pod);
      await pause(PERIOD_MS);
    }
  }

  /** Startup probe and liveness probe: failures count from the first success on. */
  readonly #live = async (pod: MutablePod): Promise<void> => {
    const { process } = pod;
    let failures = 0;
    while ((await probe(process.port, "/healthz/live", TIMEOUT_MS)) !== 200) {
      if (this.#isOver || pod.isEnding || pod.lives === 0) return;
      if (++failures === FAILURES) return this.#restart(pod);
      await pause(PERIOD_MS);
    }
    pod.lives++;
  };

  async #restart(pod: MutablePod): Promise<void> {
    this.killed.push(pod.name);
    pod.process.signal("SIGKILL");
    await pod.process.ended;
    pod.isReady = false;
    pod.lives = 0;
    pod.process = await startPodProcess(pod.image);
  }

  readonly #ready = async (pod: MutablePod): Promise<void> => {
    let failures = 0;
    while ((await probe(pod.process.port, this.readiness, TIMEOUT_MS)) !== 200) {
      if (this.#isOver || pod.isEnding) return;
      if (++failures === FAILURES) pod.isReady = false;
      await pause(PERIOD_MS);
    }
    pod.isReady = !pod.isEnding;
  };
}

interface MutablePod {
  readonly name: string;
  readonly image: TestProject;
  process: PodProcess;
  isReady: boolean;
  lives: number;
  isEnding: boolean;
}

/** Every pod has been asked so often that one which did not answer would have been killed by now. */
export async function outlive(pods: readonly Pod[]): Promise<void> {
  const before = pods.map(({ lives }) => lives);
  await until(
    "further liveness probes of each pod",
    () => pods.every(({ lives }, index) => lives > (before[index] as number) + 2 * FAILURES),
    60_000,
  );
}
