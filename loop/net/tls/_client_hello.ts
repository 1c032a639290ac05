// Copyright 2026 the asyncio for Deno authors. MIT license.

const READ_SIZE = 4 * 1024;
/** Longer than any that is meant well; what is longer goes on without a name. */
const MAX_LENGTH = 16 * 1024;

const RECORD_HEADER = 5;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const HOST_NAME = 0;

/** What a client sent first, and the name that it asked for in that. */
interface ClientHello {
  readonly bytes: Uint8Array;
  /** `null` if it asked for none, and if this is no TLS. */
  readonly serverName: string | null;
}

/** Reads what a client sends first. */
export async function readClientHello(
  conn: Pick<Deno.Conn, "read">,
): Promise<ClientHello> {
  let bytes = new Uint8Array(0);
  const memory = new Uint8Array(READ_SIZE);
  while (bytes.length < MAX_LENGTH) {
    const count = await conn.read(memory);
    if (count === null) break;
    const longer = new Uint8Array(bytes.length + count);
    longer.set(bytes);
    longer.set(memory.subarray(0, count), bytes.length);
    bytes = longer;
    const message = messageIn(bytes);
    if (message === "incomplete") continue;
    return { bytes, serverName: message && serverNameIn(message) };
  }
  return { bytes, serverName: null };
}

/** The message that one record or several carry; `null` if they carry another. */
function messageIn(bytes: Uint8Array): DataView | null | "incomplete" {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let rest = bytes; rest.length > 0;) {
    if (rest[0] !== HANDSHAKE) return null;
    if (rest.length < RECORD_HEADER) break;
    const end = RECORD_HEADER + (rest[3]! << 8 | rest[4]!);
    if (rest.length < end) break;
    parts.push(rest.subarray(RECORD_HEADER, end));
    length += end - RECORD_HEADER;
    rest = rest.subarray(end);
  }
  const message = new Uint8Array(length);
  let filled = 0;
  for (const part of parts) {
    message.set(part, filled);
    filled += part.length;
  }
  if (length < 4) return "incomplete";
  if (message[0] !== CLIENT_HELLO) return null;
  const end = 4 + (message[1]! << 16 | message[2]! << 8 | message[3]!);
  return length < end ? "incomplete" : new DataView(message.buffer, 0, end);
}

function serverNameIn(message: DataView): string | null {
  try {
    // After the length, the version and the random bytes: the session, the ciphers, the compressions.
    let at = 4 + 2 + 32;
    at += 1 + message.getUint8(at);
    at += 2 + message.getUint16(at);
    at += 1 + message.getUint8(at);
    const end = at + 2 + message.getUint16(at);
    for (at += 2; at < end;) {
      const kind = message.getUint16(at);
      const length = message.getUint16(at + 2);
      at += 4;
      if (kind === SERVER_NAME) return firstNameAt(message, at);
      at += length;
    }
    return null;
  } catch (error) {
    // It is not what it says it is, which is for the handshake to find out.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function firstNameAt(message: DataView, at: number): string | null {
  if (message.getUint8(at + 2) !== HOST_NAME) return null;
  const length = message.getUint16(at + 3);
  const start = at + 5;
  if (start + length > message.byteLength) return null;
  const name = new Uint8Array(message.buffer, start, length);
  return String.fromCharCode(...name);
}
