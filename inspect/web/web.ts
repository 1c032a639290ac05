// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  findingsIn,
  shortFile,
  treeRows,
} from "../../loop/core/introspection/tree.ts";
import { printable } from "../../loop/core/introspection/snapshot.ts";
import type { Client } from "../_client.ts";
import { OS } from "../../loop/core/runtime.ts";
import { ownDirectory } from "../_directory.ts";
import { isSameToken, newToken } from "../_endpoint.ts";
import { ENDING } from "../_ending_signals.ts";
import { treePicture } from "../_picture.ts";
import { firstRead, Source, whyNoAnswer } from "../_source.ts";
import { objectRows, type TopData } from "../_top_frame.ts";
import { PAGE, STYLE } from "./page.ts";
import { pageScript } from "./page.js";

/** The options of the page. */
export interface WebOptions {
  /** The port; 0 for any that is free. */
  readonly port: number;
  /** Whether a browser is opened. */
  readonly opens: boolean;
}

/** A longer body of a request is refused, in bytes. */
const MAX_BODY = 1000;

/** Serves the page until a signal ends that. */
export async function web(
  connect: () => Promise<Client>,
  { port, opens }: WebOptions,
): Promise<void> {
  const site = new Site(connect);
  // So that a wrong process id is an error, and not a page.
  await site.begin();
  let file: string | null = null;
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port,
    onListen: ({ port }) => {
      const address = site.listensAt(port);
      console.log(
        `${address}\n\nOnly this machine can open it, with this address. Ctrl-C ends it`,
      );
      if (opens) file = open(address);
    },
  }, (request) => site.handle(request));
  for (const signal of ENDING) {
    Deno.addSignalListener(signal, () => server.shutdown());
  }
  await server.finished;
  if (file !== null) Deno.removeSync(file);
  await site.close();
}

/**
 * Opens the browser by a file, and returns its path. The file has the address: other users can read the arguments of
 * commands, but not this file.
 */
function open(address: string): string | null {
  try {
    const file = Deno.makeTempFileSync({
      dir: ownDirectory(),
      prefix: "open-",
      suffix: ".html",
    });
    Deno.writeTextFileSync(
      file,
      `<!doctype html><meta http-equiv="refresh" content="0; url=${address}">`,
    );
    const [command, ...args] = {
      darwin: ["open", file],
      windows: ["cmd", "/c", "start", "", file],
    }[OS as string] ?? ["xdg-open", file];
    new Deno.Command(command!, { args, stdout: "null", stderr: "null" }).spawn()
      .unref();
    return file;
  } catch {
    // There is no browser: the address stands in the terminal.
    return null;
  }
}

const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

/** Answers the requests of the page. */
export class Site {
  readonly #source: Source;
  readonly #token = newToken();
  #port = 0;

  constructor(connect: () => Promise<Client>) {
    this.#source = new Source(connect);
  }

  async begin(): Promise<void> {
    await firstRead(this.#source);
  }

  /** Sets the port; returns the address of the page, which is the secret. */
  listensAt(port: number): string {
    this.#port = port;
    return `http://127.0.0.1:${port}/${this.#token}/`;
  }

  async close(): Promise<void> {
    await this.#source[Symbol.asyncDispose]();
  }

  async handle(request: Request): Promise<Response> {
    if (!this.#isFromHere(request)) return answer("Forbidden", 403);
    const [, token, path, ...more] = new URL(request.url).pathname.split("/");
    // Without the secret, there is nothing here.
    if (!isSameToken(token, this.#token) || more.length > 0) {
      return answer("Not found", 404);
    }
    if (request.method === "POST") return await this.#post(request, path);
    if (request.method !== "GET") return answer("Method not allowed", 405);
    switch (path) {
      case "":
        return answer(PAGE, 200, "text/html; charset=utf-8");
      case "page.css":
        return answer(STYLE, 200, "text/css; charset=utf-8");
      case "page.js":
        return answer(
          `(${pageScript})();`,
          200,
          "text/javascript; charset=utf-8",
        );
      case "data":
        return await this.#data();
      case "tree.svg":
        return await this.#picture();
      default:
        return answer("Not found", 404);
    }
  }

  /** Whether a request comes from the page or the address bar of this machine: not from another page or name. */
  #isFromHere(request: Request): boolean {
    const host = request.headers.get("host");
    const origin = request.headers.get("origin");
    const from = request.headers.get("sec-fetch-site");
    const mode = request.headers.get("sec-fetch-mode");
    const own = `127.0.0.1:${this.#port}`;
    if (host !== own) return false;
    if (origin !== null && origin !== `http://${own}`) return false;
    if (request.method !== "GET" && origin === null) return false;
    // The file that opens the page is of another origin; what it opens is a page, not a part of one.
    const isOpened = mode === "navigate" &&
      request.headers.get("sec-fetch-dest") === "document";
    return from === null || from === "same-origin" || from === "none" ||
      isOpened;
  }

  async #post(request: Request, path: string | undefined): Promise<Response> {
    const type = request.headers.get("content-type");
    if (type !== "application/json") return answer("Unsupported", 415);
    const text = await textOf(request);
    return await this.#attempt(async () => {
      const body = JSON.parse(text);
      if (path === "sites") await this.#source.recordPlaces();
      else if (path === "cancel" && Number.isInteger(body?.task)) {
        await this.#source.cancel(body.task);
      } else throw new RangeError("There is no such request");
      return {};
    });
  }

  async #attempt(work: () => Promise<unknown>): Promise<Response> {
    try {
      return json(await work());
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return json({ error: printable(message, 500) });
    }
  }

  async #data(): Promise<Response> {
    try {
      return json(pageData(await this.#source.read()));
    } catch (error) {
      return json({ error: whyNoAnswer(error) });
    }
  }

  async #picture(): Promise<Response> {
    try {
      const { snapshot, program } = await this.#source.read();
      const title = `${titleOf(program)} (${program.pid}), ${
        new Date(snapshot.at).toISOString()
      }`;
      return answer(treePicture(snapshot, title), 200, "image/svg+xml");
    } catch (error) {
      return answer(whyNoAnswer(error), 502);
    }
  }
}

function pageData(data: TopData): unknown {
  const { program, snapshot } = data;
  return {
    ...data,
    program: { ...program, title: titleOf(program) },
    findings: findingsIn(snapshot),
    rows: treeRows(snapshot),
    objects: objectRows(snapshot),
  };
}

function titleOf({ main }: { main: string | null }): string {
  return printable(shortFile(main ?? "a program"));
}

async function textOf(request: Request): Promise<string> {
  let text = "";
  for await (const chunk of request.body ?? []) {
    text += new TextDecoder().decode(chunk, { stream: true });
    if (text.length > MAX_BODY) return "";
  }
  return text;
}

function json(value: unknown): Response {
  return answer(JSON.stringify(value), 200, "application/json");
}

function answer(
  body: string,
  status: number,
  type = "text/plain; charset=utf-8",
): Response {
  return new Response(body, {
    status,
    headers: { ...HEADERS, "content-type": type },
  });
}
