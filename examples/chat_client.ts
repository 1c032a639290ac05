// Copyright 2026 the asyncio for Deno authors. MIT license.

// Sends typed lines to a chat, and prints the lines of the others:
//
//   deno run --allow-net examples/chat_client.ts [name] [port]
//
// examples/chat_server.ts is such a chat. `/help` lists the commands; the end
// of the input or Ctrl-C leaves.

import {
  openConnection,
  run,
  StreamReader,
  type StreamWriter,
  taskGroup,
} from "@asyncio/asyncio";

const [name, port = "8889"] = Deno.args;

async function main(): Promise<void> {
  const [reader, writer] = await openConnection("127.0.0.1", Number(port));
  await using _connection = writer;
  if (name !== undefined) writer.write(`${name}\n`);

  await taskGroup(async (group) => {
    const typing = group.createTask(() => sendInput(writer));
    for await (const line of reader) {
      console.log(new TextDecoder().decode(line).trimEnd());
    }
    typing.cancel(); // the chat has closed the connection
  });
}

async function sendInput(writer: StreamWriter): Promise<void> {
  for await (const line of StreamReader.from(Deno.stdin.readable)) {
    writer.write(line);
    await writer.drain();
  }
  writer.writeEof(); // pending lines are still printed
}

await run(main);
// A read from a terminal cannot be stopped, and would keep the program alive
Deno.exit();
