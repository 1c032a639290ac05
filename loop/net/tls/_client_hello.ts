// Copyright 2026 the asyncio for Deno authors. MIT license.

const READ_SIZE = 4 * 1024;
/** Longer than any that is meant well; what is longer goes on without a name. */
const MAX_LENGTH = 16 * 1024;

const decoder = new TextDecoder();

const RECORD_HEADER = 5;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const HOST_NAME = 0;
const PROTOCOLS = 16;

/** What a client sent first, and what it asked for in that. */
interface ClientHello {
  readonly bytes: Uint8Array;
  /** `null` if it asked for none, and if this is not TLS. */
  readonly serverName: string | null;
  /** The protocols that it speaks (ALPN); none if it does not say. */
  readonly protocols: readonly string[];
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
    const extensions = message === null ? NONE : extensionsIn(message);
    return {
      bytes,
      serverName: serverNameIn(extensions.get(SERVER_NAME)),
      protocols: protocolsIn(extensions.get(PROTOCOLS)),
    };
  }
  return { bytes, serverName: null, protocols: [] };
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

/** The extensions of a message, by their kinds. */
type Extensions = ReadonlyMap<number, DataView>;

const NONE: Extensions = new Map();

function extensionsIn(message: DataView): Extensions {
  const extensions = new Map<number, DataView>();
  return unlessMalformed(extensions, () => {
    // After the length, the version and the random bytes: the session, the ciphers, the compressions.
    let at = 4 + 2 + 32;
    at += 1 + message.getUint8(at);
    at += 2 + message.getUint16(at);
    at += 1 + message.getUint8(at);
    const end = at + 2 + message.getUint16(at);
    for (at += 2; at < end;) {
      const length = message.getUint16(at + 2);
      extensions.set(message.getUint16(at), partOf(message, at + 4, length));
      at += 4 + length;
    }
    return extensions;
  });
}

function serverNameIn(extension: DataView | undefined): string | null {
  if (extension === undefined) return null;
  return unlessMalformed(null, () => {
    if (extension.getUint8(2) !== HOST_NAME) return null;
    return textOf(partOf(extension, 5, extension.getUint16(3)));
  });
}

function protocolsIn(extension: DataView | undefined): readonly string[] {
  if (extension === undefined) return [];
  return unlessMalformed([], () => {
    const protocols: string[] = [];
    for (let at = 2; at < extension.byteLength;) {
      const length = extension.getUint8(at);
      protocols.push(textOf(partOf(extension, at + 1, length)));
      at += 1 + length;
    }
    return protocols;
  });
}

/** What is read, or something else where the bytes are not what they say: the handshake will find out. */
function unlessMalformed<T>(otherwise: T, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return otherwise;
    throw error;
  }
}

/** Throws a `RangeError` if the part reaches beyond the end. */
function partOf(view: DataView, start: number, length: number): DataView {
  if (start + length > view.byteLength) throw new RangeError("Cut off");
  return new DataView(view.buffer, view.byteOffset + start, length);
}

function textOf(view: DataView): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  return decoder.decode(bytes);
}
