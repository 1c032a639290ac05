// Copyright 2026 the asyncio for Deno authors. MIT license.

// Lets the shell run commands concurrently, and prints the output of each:
//
//   deno run --allow-run=/bin/sh examples/subprocess_shell.ts ['ls /zzz' 'sleep 1; echo "hello"' ...]

import { createSubprocessShell, gather, PIPE, run } from "@asyncio/asyncio";

const commands = Deno.args.length > 0
  ? Deno.args
  : ["ls /zzz", 'sleep 1; echo "hello"'];

async function runCommand(command: string): Promise<void> {
  const process = await createSubprocessShell(command, {
    stdout: PIPE,
    stderr: PIPE,
  });
  const [stdout, stderr] = await process.communicate();

  console.log(`[${command} exited with ${process.returnCode}]`);
  print("stdout", stdout);
  print("stderr", stderr);
}

function print(name: string, output: Uint8Array | null): void {
  if (output === null || output.length === 0) return;
  console.log(`[${name}]\n${new TextDecoder().decode(output).trimEnd()}`);
}

await run(() => gather(commands.map((command) => () => runCommand(command))));
