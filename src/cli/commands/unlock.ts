import type { Command } from "commander";
import type { Lease } from "../../core/run.js";
import type { VersionState } from "../../core/version-state.js";
import type { NodeEntry } from "../../store/nodes.js";
import { nodeLabel } from "../../upgrade/pass-over.js";
import { orDatabaseError } from "../../upgrade/database-error.js";
import { leaseHeld } from "../../upgrade/leasing.js";
import { unlock as unlockLease, type Unlocking } from "../../upgrade/unlock.js";
import { columns, moment } from "../columns.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { nextVerb } from "../next-verb.js";
import { operator } from "../operator.js";
import type { Terminal } from "../terminal.js";
import { type Session, verb, withSession } from "../verb.js";

export function unlockCommand(): Command {
  return verb("unlock", "tell who holds the upgrade, and give back the lease of a process that is gone", {
    examples: [
      ["upgate unlock && upgate resume", "go on with an upgrade whose process was terminated"],
      ["upgate unlock --json | jq -r .outcome", "free, freed or held"],
    ],
    exitCodes: [
      [EXIT.done, "nobody holds the lease, or it is given back now"],
      [EXIT.held, "its holder lives: nothing was changed"],
      [EXIT.error, "the options, the configuration file or the database can't be used"],
    ],
  }).action(withSession(unlock));
}

async function unlock({ context, upgrader, terminal }: Session): Promise<ExitCode> {
  const seconds = Math.ceil(context.settings.options.leaseTtlMs / 1000);
  const onWait = (lease: Lease): void =>
    terminal.say(`${holderName(lease)} can't be looked at from here; watching its beat for up to ${seconds} s …`);
  const unlocking = await orDatabaseError(() => unlockLease(context, { onWait }, operator()));
  const state = await upgrader.state();
  const next = nextVerb(state);
  const refusal = unlocking.outcome === "held" ? await leaseHeld(context.store, unlocking.lease) : null;
  const { code, message, remedy } = refusal ?? {};
  terminal.result({ ...answer(unlocking, state), next, ...(refusal ? { error: { code, message, remedy } } : {}) }, [
    ...leaseLines(terminal, unlocking),
    ...runLines(state),
    ...nodeLines(unlocking),
    ...(next === null || refusal ? [] : ["", `next: ${next}`]),
  ]);
  if (!refusal) return EXIT.done;
  terminal.say(`${code}: ${message}`);
  terminal.say(remedy as string);
  return EXIT.held;
}

function answer({ lease, outcome, nodes, removedNodes }: Unlocking, { run }: VersionState): object {
  const node = ({ host, pid, codeVersion, seenAt }: NodeEntry): object => ({ host, pid, codeVersion, seenAt });
  const holder = lease?.holder ? { host: lease.holder.host, pid: lease.holder.pid } : null;
  return {
    outcome,
    lease: lease && { holder, token: lease.token, beat: lease.beat, acquiredAt: lease.acquiredAt },
    run: run ?? null,
    nodes: nodes.map(node),
    removedNodes: removedNodes.map(node),
  };
}

function leaseLines(terminal: Terminal, { lease, outcome }: Unlocking): string[] {
  if (!lease?.holder) return ["Nobody holds the lease."];
  const facts = `since ${moment(lease.acquiredAt)} UTC, token ${lease.token}, beat ${lease.beat}`;
  return outcome === "held"
    ? [`${terminal.paintSeverity("info", "held")}   ${holderName(lease)}, ${facts}; it lives`]
    : [
        `${terminal.paintSeverity("ok", "freed")}  ${holderName(lease)}, ${facts}; it is gone`,
        "The lease is given back: another process may take it now.",
      ];
}

function runLines({ run, kind, reason }: VersionState): string[] {
  if (!run) return [kind === "unknown" ? reason : "There is no unfinished run."];
  return [`run    ${run.id}, ${run.kind} ${run.fromVersion ?? "nothing"} → ${run.toVersion}, ${kind}`, `       ${reason}`];
}

function nodeLines({ nodes, removedNodes }: Unlocking): string[] {
  const rows = (what: string, entries: readonly NodeEntry[]): string[][] =>
    entries.map((node) => [what, nodeLabel(node), `release ${node.codeVersion}`, `seen ${moment(node.seenAt)} UTC`]);
  return [
    ...(nodes.length === 0 ? ["No node is registered."] : columns(rows("node ", nodes))),
    ...(removedNodes.length === 0
      ? []
      : [...columns(rows("gone ", removedNodes)), "Their rows are removed: nothing waits for these processes any more."]),
  ];
}

function holderName({ holder }: Lease): string {
  return holder ? `${holder.host} (process ${holder.pid})` : "nobody";
}
