// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import {
  gather,
  IncompleteReadError,
  LimitOverrunError,
  sleep,
  type StreamReader,
  type StreamWriter,
} from "../../mod.ts";

/** A number from 0 to less than 1. */
export type Chance = () => number;

/** The data that one end of a conversation has sent and received. */
export class Account {
  /** Which bytes it says. */
  readonly key: number;
  written = 0;
  received = 0;
  /** Whether it has heard the other end out. */
  isComplete = false;
  /** Why it could not go on, if not because it had nothing more to say or to hear. */
  error: unknown = null;

  constructor(key: number) {
    this.key = key;
  }
}

/** How an end behaves. */
export interface Manners {
  readonly chance: Chance;
  /** How many pieces it says at most. */
  readonly pieces?: number;
  /** How long a piece is at most, in bytes. */
  readonly size?: number;
  /** Whether it may hang up in the middle. */
  readonly isRude?: boolean;
}

/** Says and hears something, by any of the methods that streams have, and closes the connection. */
export async function talk(
  [reader, writer]: readonly [StreamReader, StreamWriter],
  [own, other]: readonly [Account, Account],
  manners: Manners,
): Promise<void> {
  try {
    await gather([
      () => say(writer, own, manners),
      async () => {
        await hear(reader, own, other, manners);
        // Who hangs up hears an end too.
        own.isComplete = !writer.isClosing();
      },
    ]);
  } catch (error) {
    own.error = error;
    throw error;
  } finally {
    writer.close();
  }
  await writer.waitClosed();
}

/** Throws unless what each end has heard is what the other has said. */
export function assertConsistent(one: Account, other: Account): void {
  for (const [speaker, hearer] of [[one, other], [other, one]] as const) {
    if (hearer.isComplete) assertEquals(hearer.received, speaker.written);
  }
}

/** Whether it is what a network does to programs. */
export function isOfNetwork(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionRefused ||
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.TimedOut;
}

async function say(
  writer: StreamWriter,
  own: Account,
  { chance, pieces = 20, size = 20_000, isRude = false }: Manners,
): Promise<void> {
  const count = Math.floor(chance() * pieces);
  for (let i = 0; i < count && !writer.isClosing(); i++) {
    const length = Math.floor(chance() ** 3 * size);
    const data = bytesOf(own.key, own.written, length);
    own.written += length;
    if (chance() < 0.5) writer.write(data);
    else writer.writeLines([data.subarray(0, 7), data.subarray(7)]);
    // Continuing without it must not damage the bytes.
    data.fill(0);
    if (chance() < 0.7) await writer.drain();
    if (chance() < 0.3) await sleep(chance() * 3);
    if (isRude && chance() < 0.05) return writer.close();
  }
  if (chance() < 0.7) await writer.drain();
  writer.writeEof();
}

async function hear(
  reader: StreamReader,
  own: Account,
  other: Account,
  { chance }: Manners,
): Promise<void> {
  while (true) {
    const data = await hearSome(reader, chance);
    assertEquals(data, bytesOf(other.key, own.received, data.length));
    own.received += data.length;
    if (data.length === 0 && reader.atEof()) return;
    if (chance() < 0.1) await sleep(chance() * 3);
  }
}

/** Reads something in one of the ways there are; nothing at the end. */
async function hearSome(
  reader: StreamReader,
  chance: Chance,
): Promise<Uint8Array> {
  const way = chance();
  try {
    if (way < 0.4) return await reader.read(1 + Math.floor(chance() * 9000));
    if (way < 0.6) {
      return await reader.readExactly(1 + Math.floor(chance() * 99_000));
    }
    if (way < 0.8) return await reader.readUntil(new Uint8Array([7, 7]));
    if (way < 0.9) return await reader.readLine();
    for await (const chunk of reader) return chunk;
    return NOTHING;
  } catch (error) {
    if (error instanceof IncompleteReadError) return error.partial;
    if (error instanceof LimitOverrunError) {
      return await reader.readExactly(error.consumed);
    }
    // What `readLine()` says of a line that is too long, which it takes away.
    throw error;
  }
}

/** The bytes of a speaker, from a position on. */
function bytesOf(
  key: number,
  start: number,
  length: number,
): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    { length },
    (_, i) => Math.imul(start + i + key, 0x9e3779b1) >>> 24,
  );
}

const NOTHING = new Uint8Array(0);
