// Copyright 2026 the asyncio for Deno authors. MIT license.

import { domainToASCII } from "node:url";
import { quote } from "./printable.ts";

/** A target. */
export interface Target {
  /** A host name, or an address without brackets. */
  readonly host: string;
  /** The TCP port. */
  readonly port: number;
  /** The name of a server that the program has started; otherwise null. */
  readonly name: string | null;
  /** The text to send to this target, unless `--send` sets another one. */
  readonly send: string | null;
}

/** The targets of one run. */
export interface Targets {
  /** Without duplicates, in the order in which they were given. */
  readonly targets: Target[];
  /** The number of duplicates. */
  readonly duplicates: number;
}

/** Thrown for wrong arguments. The message names what was expected. */
export class UsageError extends Error {
  override name = "UsageError";
}

interface Entry {
  readonly text: string;
  /** The beginning of an error message about it. */
  readonly origin: string;
}

const MAX_ERRORS_SHOWN = 10;
const TARGET =
  /^(?:\[(?<address>[^\]]*)\]|(?<name>[^:/[\]]*)):(?<port>[^:/[\]]*)$/;
const BARE_IPV6 = /^[\da-f]*:[\da-f:.]*:[\da-f.]*$/i;

/** Returns the targets of the command line and of the files that it names. */
export async function gatherTargets(
  { targets, files }: { targets: readonly string[]; files: readonly string[] },
): Promise<Targets> {
  const entries = targets.map((text) => ({ text, origin: "probe: " }));
  for (const file of files) {
    const listed = parseList(await readList(file), file);
    if (listed.length === 0) {
      throw new UsageError(
        `${file}: expected one host:port a line, but there is none`,
      );
    }
    for (const entry of listed) entries.push(entry);
  }
  return parseEntries(entries);
}

/** Parses `host:port`; the host may be a name, an IPv4 address or an IPv6 address in brackets. */
export function parseTarget(text: string): Target {
  const { address, name, port } = TARGET.exec(text)?.groups ?? {};
  if (port === undefined) {
    const expected = BARE_IPV6.test(text)
      ? "an IPv6 address in brackets and a port, as in [::1]:22"
      : "host:port, as in example.com:80, 192.0.2.1:80 or [::1]:22";
    throw new UsageError(`expected ${expected}, but got ${quote(text)}`);
  }
  return {
    host: address === undefined
      ? parseName(name ?? "", text)
      : parseIpv6(address, text),
    port: parsePort(port, text),
    name: null,
    send: null,
  };
}

/** Formats a target as `host:port`, with an IPv6 address in brackets. */
export function formatTarget({ host, port }: Target): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Returns the entries of a list: one a line; `#` begins a comment. */
export function parseList(list: string, file: string): Entry[] {
  return list.split("\n").flatMap((line, index) => {
    const text = line.replace(/#.*/s, "").trim();
    return text === "" ? [] : [{ text, origin: `${file}:${index + 1}: ` }];
  });
}

/** Parses all entries, so that one message names all invalid ones. */
export function parseEntries(entries: Iterable<Entry>): Targets {
  const targets = new Map<string, Target>();
  const errors: string[] = [];
  let duplicates = 0;
  for (const { text, origin } of entries) {
    try {
      const target = parseTarget(text);
      const key = formatTarget(target);
      if (targets.has(key)) duplicates++;
      else targets.set(key, target);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      errors.push(origin + error.message);
    }
  }
  if (errors.length > 0) throw new UsageError(listErrors(errors));
  return { targets: [...targets.values()], duplicates };
}

function listErrors(errors: readonly string[]): string {
  const shown = errors.slice(0, MAX_ERRORS_SHOWN);
  const more = errors.length - shown.length;
  return [...shown, ...(more > 0 ? [`… and ${more} more like these`] : [])]
    .join("\n");
}

async function readList(file: string): Promise<string> {
  try {
    return file === "-"
      ? await new Response(Deno.stdin.readable).text()
      : await Deno.readTextFile(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `probe: --file expected a list that can be read, but got ${
        quote(file)
      }: ${reason}`,
    );
  }
}

function parsePort(text: string, whole: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port >= 1 && port <= 65_535) return port;
  throw new UsageError(
    `expected a port from 1 to 65535, but got ${quote(text)} in ${
      quote(whole)
    }`,
  );
}

function parseName(text: string, whole: string): string {
  const name = domainToASCII(text).toLowerCase();
  const isValid = /^[\d.]+$/.test(name) ? isIpv4(name) : isHostName(name);
  if (isValid) return name;
  throw new UsageError(
    `expected a host name or an address, but got ${quote(text)} in ${
      quote(whole)
    }`,
  );
}

function parseIpv6(text: string, whole: string): string {
  if (isIpv6(text)) return text.toLowerCase();
  throw new UsageError(
    `expected an IPv6 address in brackets, but got ${quote(text)} in ${
      quote(whole)
    }`,
  );
}

function isHostName(text: string): boolean {
  return text.length <= 253 &&
    /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?$/.test(text);
}

function isIpv4(text: string): boolean {
  // Short forms, as 127.1, are written out by URL
  return URL.parse(`http://${text}/`)?.hostname === text;
}

function isIpv6(text: string): boolean {
  const [, address, zone] = /^([^%]*)(?:%(.*))?$/s.exec(text) ?? [];
  return URL.canParse(`http://[${address}]/`) &&
    (zone === undefined || /^[\w.-]+$/.test(zone));
}
