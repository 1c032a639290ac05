// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * What happened to the jobs of a queue, as the programs that used it saw it: a line of JSON for each event. Times are
 * in milliseconds, by the clock of the machine. `start` and `end` enclose a call to the store; an event without an end
 * is a call that began.
 */
export type HistoryEvent =
  | { type: "acknowledged"; id: string; key: string; end: number }
  | {
    type: "lease";
    id: string;
    token: string;
    start: number;
    end: number;
    seconds: number;
  }
  | {
    type: "renewed";
    id: string;
    token: string;
    start: number;
    end: number;
    seconds: number;
    held: boolean;
  }
  | { type: "settling"; id: string; token: string; start: number; kind: string }
  | {
    type: "settled";
    id: string;
    token: string;
    start: number;
    end: number;
    kind: string;
    held: boolean;
  };

/** The events of one job. */
interface JobHistory {
  readonly id: string;
  readonly keys: Set<string>;
  acknowledged: boolean;
  readonly leases: (HistoryEvent & { type: "lease" })[];
  readonly renewals: (HistoryEvent & { type: "renewed" })[];
  readonly settling: (HistoryEvent & { type: "settling" })[];
  readonly settled: (HistoryEvent & { type: "settled" })[];
}

/** How far the clocks of a program and of a server may differ, in milliseconds. */
const TOLERANCE = 20;

/** Returns what is wrong with a history whose jobs have all been done in the end; one line for each fault. */
export function faultsIn(events: readonly HistoryEvent[]): string[] {
  const jobs = new Map<string, JobHistory>();
  for (const event of events) add(jobs, event);
  return [
    ...keyFaults(events),
    ...[...jobs.values()].flatMap((job) => [
      ...lossOf(job),
      ...repetitionsOf(job),
      ...overlapsOf(job),
      ...lateAnswersOf(job),
    ]),
  ];
}

function add(jobs: Map<string, JobHistory>, event: HistoryEvent): void {
  const { id } = event;
  let job = jobs.get(id);
  if (job === undefined) {
    job = {
      id,
      keys: new Set(),
      acknowledged: false,
      leases: [],
      renewals: [],
      settling: [],
      settled: [],
    };
    jobs.set(id, job);
  }
  switch (event.type) {
    case "acknowledged":
      job.acknowledged = true;
      return;
    case "lease":
      job.leases.push(event);
      return;
    case "renewed":
      job.renewals.push(event);
      return;
    case "settling":
      job.settling.push(event);
      return;
    case "settled":
      job.settled.push(event);
  }
}

/** A key that was acknowledged with two jobs. */
function keyFaults(events: readonly HistoryEvent[]): string[] {
  const ids = new Map<string, string>();
  const faults: string[] = [];
  for (const event of events) {
    if (event.type !== "acknowledged") continue;
    const known = ids.get(event.key) ?? event.id;
    ids.set(event.key, known);
    if (known !== event.id) {
      faults.push(
        `The key ${event.key} is that of two jobs: ${known}, ${event.id}`,
      );
    }
  }
  return faults;
}

/** A job that was acknowledged, and that no worker has done. */
function lossOf(job: JobHistory): string[] {
  const isDone = job.settling.some(({ kind }) =>
    kind === "done" || kind === "dead"
  );
  return job.acknowledged && !isDone ? [`The job ${job.id} is lost`] : [];
}

/** A job that was leased, or done again, after it was done. */
function repetitionsOf({ id, leases, settled }: JobHistory): string[] {
  const done = settled.filter(({ kind, held }) => kind === "done" && held);
  const [first] = done.toSorted((a, b) => a.end - b.end);
  if (first === undefined) return [];
  const faults = leases.filter(({ start }) => start > first.end + TOLERANCE)
    .map(({ token }) =>
      `The job ${id} is leased after it was done: lease ${token}`
    );
  if (new Set(done.map(({ token }) => token)).size > 1) {
    faults.push(`The job ${id} is done in two leases`);
  }
  return faults;
}

/** A lease that began while another one was held. */
function overlapsOf({ id, leases, renewals, settling }: JobHistory): string[] {
  const inOrder = leases.toSorted((a, b) => Number(a.token) - Number(b.token));
  return inOrder.flatMap((lease, i) => {
    const next = inOrder[i + 1];
    if (next === undefined) return [];
    if (next.token === lease.token) {
      return [`The lease ${lease.token} of the job ${id} is given twice`];
    }
    const hasEnded = settling.some(({ token, start }) =>
      token === lease.token && start <= next.end + TOLERANCE
    );
    if (hasEnded) return [];
    const until = [
      lease,
      ...renewals.filter(({ token, held, end }) =>
        token === lease.token && held && end < next.start
      ),
    ].map(({ start, seconds }) => start + seconds * 1000);
    return next.end + TOLERANCE < Math.max(...until)
      ? [
        `The job ${id} is leased while it is leased: ${lease.token}, ${next.token}`,
      ]
      : [];
  });
}

/** An answer that was taken although another lease had begun. */
function lateAnswersOf(
  { id, leases, renewals, settled }: JobHistory,
): string[] {
  return [...settled, ...renewals].filter(({ held, token, start }) =>
    held &&
    leases.some((other) =>
      Number(other.token) > Number(token) && other.end + TOLERANCE < start
    )
  ).map(({ type, token }) =>
    `The job ${id} is ${type} in the lease ${token}, which is lost`
  );
}
