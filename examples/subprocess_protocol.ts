// Copyright 2026 the asyncio for Deno authors. MIT license.

// Asks another Deno process for the time, by a protocol, which is called for each event:
//
//   deno run --allow-run examples/subprocess_protocol.ts

import { getRunningLoop, run, SubprocessProtocol } from "@asyncio/asyncio";

class DateProtocol extends SubprocessProtocol {
  /** Resolves when everything is read and the process has ended. */
  readonly end = getRunningLoop().createFuture<void>();
  output = "";
  #isPipeClosed = false;
  #hasExited = false;

  override pipeDataReceived(_fd: number, data: Uint8Array): void {
    this.output += new TextDecoder().decode(data);
  }

  override pipeConnectionLost(): void {
    this.#isPipeClosed = true;
    this.#checkForEnd();
  }

  override processExited(): void {
    this.#hasExited = true;
    this.#checkForEnd();
  }

  #checkForEnd(): void {
    if (this.#isPipeClosed && this.#hasExited) this.end.setResult();
  }
}

async function getDate(): Promise<string> {
  const code = "console.log(new Date().toISOString())";
  const [transport, protocol] = await getRunningLoop().subprocessExec(
    () => new DateProtocol(),
    Deno.execPath(),
    ["eval", code],
    { stdin: null, stderr: null },
  );

  await protocol.end;
  transport.close();
  return protocol.output.trimEnd();
}

console.log("Current date:", await run(getDate));
