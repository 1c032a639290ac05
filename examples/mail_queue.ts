// Copyright 2026 the asyncio for Deno authors. MIT license.

// A queue of mail that survives the program, however that ends, with retries and dead letters:
//
//   deno run --allow-read --allow-write examples/mail_queue.ts put 10
//   deno run --allow-read --allow-write examples/mail_queue.ts work
//   deno run --allow-read --allow-write examples/mail_queue.ts dead
//
// Any number of workers may run, and be killed. To move it to a server, change one line.

import { run, sleep } from "@asyncio/asyncio";
import { DurableQueue, type Job, worker } from "@asyncio/asyncio/durable";
import { openStore } from "./mail_queue/sqlite.ts"; // or "./mail_queue/postgres.ts"

interface Mail {
  readonly to: string;
  readonly subject: string;
}

await using opened = openStore();
const queue = new DurableQueue<Mail>("mail", opened.store, {
  lease: 2,
  attempts: 3,
  delay: (attempt) => attempt * 0.01,
});

/** Stands for a mail server that fails now and then, and does not know every address. */
async function send(mail: Mail, job: Job<Mail>): Promise<string> {
  await sleep(0.02);
  if (mail.to.startsWith("nobody")) throw new Error("550 No such mailbox");
  if (job.attempt === 1 && Math.random() < 0.2) {
    throw new Error("451 Try again");
  }
  // A server that knows the id of the job would not send it twice.
  await Deno.writeTextFile("sent.txt", `${mail.to} ${job.id}\n`, {
    append: true,
  });
  return "250 OK";
}

async function put(count: number): Promise<void> {
  for (let n = 1; n <= count; n++) {
    const name = n % 5 === 0 ? `nobody${n}` : `reader${n}`;
    const mail = { to: `${name}@example.org`, subject: "News" };
    // Put again, after a crash or by mistake, it is the same mail.
    await queue.put(mail, { key: `news ${n}` });
  }
}

async function work(): Promise<void> {
  queue.join().then(() => queue.shutdown());
  await worker(queue, send, { concurrency: 4, grace: 10 });
}

async function showDead(): Promise<void> {
  for await (const { value, attempts, errors } of queue.dead()) {
    console.log(`${value.to}: ${errors.at(-1)?.reason}, ${attempts} attempts`);
  }
}

const [command, count = "10"] = Deno.args;
await run(async () => {
  if (command === "put") await put(Number(count));
  if (command === "work") await work();
  if (command === "dead") await showDead();
  const { ready, delayed, leased, dead } = await queue.counts();
  console.log(`${ready + delayed + leased} to do, ${dead} dead`);
});
