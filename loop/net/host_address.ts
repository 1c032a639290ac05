// Copyright 2026 the asyncio for Deno authors. MIT license.

/** A host by its name or address, and a port. A `Deno.NetAddr` is one. */
export interface HostAddress {
  /** The host's name or address. */
  hostname: string;
  /** The port. */
  port: number;
  /** Left out, or what `Deno.NetAddr` has. */
  transport?: Deno.NetAddr["transport"] | undefined;
}
