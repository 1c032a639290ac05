// Copyright 2026 the asyncio for Deno authors. MIT license.

// Runs commands, restarts those that fail, and ends them in good order:
//
//   deno run --allow-run examples/process_supervisor.ts "web=deno serve web.ts" "jobs=deno run jobs.ts"
//
// A command that has failed is restarted after a delay, which doubles from one
// failure to the next. One that fails six times in a minute ends the others.
// SIGINT and SIGTERM are passed on as SIGTERM; what has not ended after three
// seconds is killed.

import {
  backoff,
  createSubprocessShell,
  moveOnAfter,
  PIPE,
  run,
  STDOUT,
  supervise,
  taskGroup,
} from "@asyncio/asyncio";

async function runCommand(name: string, command: string): Promise<void> {
  // Leaving the block kills the process, if it has not ended by then.
  await using process = await createSubprocessShell(`exec ${command}`, {
    stdout: PIPE,
    stderr: STDOUT,
  });
  console.log(`${name} has started`);
  const decoder = new TextDecoder();
  try {
    for await (const line of process.stdout!) {
      console.log(`${name}: ${decoder.decode(line).trimEnd()}`);
    }
    const code = await process.wait();
    if (code !== 0) throw new Error(`ended with code ${code}`);
  } finally {
    if (process.returnCode === null) {
      process.terminate();
      await moveOnAfter(3, () => process.wait());
    }
    console.log(`${name} has ended`);
  }
}

async function main(): Promise<void> {
  await taskGroup((group) => {
    for (const argument of Deno.args) {
      const [name, ...command] = argument.split("=") as [string, ...string[]];
      const keepRunning = () =>
        supervise(() => runCommand(name, command.join("=")), {
          delay: backoff({ first: 0.2, max: 10 }),
          limit: { restarts: 5, within: 60 },
          onRestart: (error, _, delay) =>
            console.log(`${name} ${error}; again in ${delay.toFixed(1)} s`),
        });
      group.createTask(keepRunning, { name });
    }
  });
}

await run(main, { signals: ["SIGINT", "SIGTERM"], grace: 10 });
