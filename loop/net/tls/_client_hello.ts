// Copyright 2026 the asyncio for Deno authors. MIT license.

const READ_SIZE = 4 * 1024;
/** The maximum length, which no genuine message reaches. Longer ones are handled as if they had no server name. */
const MAX_LENGTH = 16 * 1024;

const decoder = new TextDecoder();

const RECORD_HEADER = 5;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const HOST_NAME = 0;
const PROTOCOLS = 16;

/** The first message of a client, and the parsed extensions. */
interface ClientHello {
  readonly bytes: Uint8Array;
  /** The requested server name (SNI); `null` if there is none, or if this is not TLS. */
  readonly serverName: string | null;
  /** The offered application protocols (ALPN); empty if there are none. */
  readonly protocols: readonly string[];
}

/** Reads the first message of a client. */
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

/** Returns the ClientHello in one or more records; `null` if they contain something else. */
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

/** The extensions of a message, by type. */
type Extensions = ReadonlyMap<number, DataView>;

const NONE: Extensions = new Map();

function extensionsIn(message: DataView): Extensions {
  const extensions = new Map<number, DataView>();
  return unlessMalformed(extensions, () => {
    // Follow the length, the version and the random bytes: session id, cipher suites, compression methods.
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

/** Returns the result of `read`, or `otherwise` if the bytes are malformed, which the handshake will report. */
function unlessMalformed<T>(otherwise: T, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return otherwise;
    throw error;
  }
}

/** Returns a part of a view; throws a `RangeError` if it exceeds the end. */
function partOf(view: DataView, start: number, length: number): DataView {
  if (start + length > view.byteLength) throw new RangeError("Cut off");
  return new DataView(view.buffer, view.byteOffset + start, length);
}

function textOf(view: DataView): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  return decoder.decode(bytes);
}
