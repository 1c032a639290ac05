// Copyright 2026 the asyncio for Deno authors. MIT license.

import { HttpError } from "./http_error.ts";
import type { Reply } from "./reply.ts";

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  png: "image/png",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
};

/** Replies with the file of a directory that the path of a URL names. */
export async function replyWithFile(
  directory: string,
  pathname: string,
): Promise<Reply> {
  const name = nameOf(pathname);
  const path = `${directory}/${name}`;
  const size = await sizeOf(path);
  const extension = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  return {
    headers: { "content-type": TYPES[extension] ?? "application/octet-stream" },
    body: contentOf(path, size),
    length: size,
  };
}

function nameOf(pathname: string): string {
  const parts = pathname.slice(1).split("/").map(decode);
  // Refuses "..", hidden files and separators
  if (parts.some((part) => /^\.|[/\\:\0]/.test(part))) throw notFound();
  if (parts.at(-1) === "") parts[parts.length - 1] = "index.html";
  return parts.join("/");
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new HttpError(400, "Expected a URL of UTF-8");
  }
}

async function sizeOf(path: string): Promise<number> {
  let info;
  try {
    info = await Deno.stat(path);
  } catch {
    // The reason is not shown to the client
    throw notFound();
  }
  if (!info.isFile) throw notFound();
  return info.size;
}

async function* contentOf(
  path: string,
  size: number,
): AsyncGenerator<Uint8Array, void> {
  using file = await Deno.open(path);
  // The same memory each time: a writer copies
  const memory = new Uint8Array(64 * 1024);
  while (size > 0) {
    const length = await file.read(memory.subarray(0, size));
    if (length === null) return;
    size -= length;
    yield memory.subarray(0, length);
  }
}

function notFound(): HttpError {
  return new HttpError(404, "There is no such thing here");
}
