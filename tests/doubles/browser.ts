// Copyright 2026 the asyncio for Deno authors. MIT license.

/** The paths of Chromium, by the names of Debian, Google and macOS. */
const CANDIDATES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** Returns the path of a browser, or `null` if there is none. */
export function findBrowser(): string | null {
  return CANDIDATES.find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  }) ?? null;
}

type Message = {
  id?: number;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { message: string };
};

/** A page in a headless Chromium, driven by its own protocol. */
export class Browser implements AsyncDisposable {
  /** The messages of the page in its console, and its errors. */
  readonly complaints: string[] = [];
  readonly #process: Deno.ChildProcess;
  readonly #directory: string;
  readonly #socket: WebSocket;
  readonly #pending = new Map<number, (message: Message) => void>();
  #session: string | undefined;
  #requests = 0;

  private constructor(
    process: Deno.ChildProcess,
    directory: string,
    socket: WebSocket,
  ) {
    this.#process = process;
    this.#directory = directory;
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#onMessage(JSON.parse(data));
  }

  static async open(path: string): Promise<Browser> {
    const directory = await Deno.makeTempDir();
    const process = new Deno.Command(path, {
      args: [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--remote-debugging-port=0",
        `--user-data-dir=${directory}`,
        "about:blank",
      ],
      stdout: "null",
      stderr: "piped",
    }).spawn();
    let text = "";
    const decoder = new TextDecoder();
    const reader = process.stderr.getReader();
    let address: string | undefined;
    while (address === undefined) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`The browser does not start: ${text}`);
      text += decoder.decode(value, { stream: true });
      address = /DevTools listening on (ws:\S+)/.exec(text)?.[1];
    }
    reader.releaseLock();
    process.stderr.pipeTo(new WritableStream()).catch(() => {});
    const socket = new WebSocket(address);
    await new Promise((resolve) => socket.onopen = resolve);
    const browser = new Browser(process, directory, socket);
    const { targetId } = await browser.send("Target.createTarget", {
      url: "about:blank",
    });
    const { sessionId } = await browser.send("Target.attachToTarget", {
      targetId,
      flatten: true,
    });
    browser.#session = sessionId as string;
    for (const domain of ["Page", "Runtime", "Log", "Network"]) {
      await browser.send(`${domain}.enable`);
    }
    return browser;
  }

  async send(
    method: string,
    params: Record<string, unknown> = {},
  ): Promise<Record<string, unknown>> {
    const id = ++this.#requests;
    const { promise, resolve } = Promise.withResolvers<Message>();
    this.#pending.set(id, resolve);
    const sessionId = this.#session;
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    const { error, result } = await promise;
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result!;
  }

  async goTo(url: string): Promise<void> {
    await this.send("Page.navigate", { url });
  }

  async resize(width: number, height: number, isDark = false): Promise<void> {
    await this.send("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: width < 600,
    });
    await this.send("Emulation.setEmulatedMedia", {
      features: [{
        name: "prefers-color-scheme",
        value: isDark ? "dark" : "light",
      }],
    });
  }

  /** Evaluates an expression in the page. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
      userGesture: true,
    }) as { result: { value: unknown }; exceptionDetails?: unknown };
    if (exceptionDetails !== undefined) {
      throw new Error(JSON.stringify(exceptionDetails));
    }
    return result.value;
  }

  /** Waits until an expression is true. */
  async until(expression: string): Promise<void> {
    for (let i = 0; i < 100; i++) {
      if (await this.evaluate(`Boolean(${expression})`)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const text = await this.evaluate("document.body.innerText");
    throw new Error(`${expression} does not become true: ${text}`);
  }

  /** Presses a key, by its name. */
  async press(key: string): Promise<void> {
    const text = key.length === 1 ? { text: key } : {};
    await this.send("Input.dispatchKeyEvent", {
      type: "keyDown",
      key,
      ...text,
    });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", key });
  }

  async screenshot(path: string): Promise<void> {
    const { data } = await this.send("Page.captureScreenshot") as {
      data: string;
    };
    await Deno.writeFile(path, Uint8Array.fromBase64(data));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.onclose = resolve);
    this.#socket.send(
      JSON.stringify({ id: ++this.#requests, method: "Browser.close" }),
    );
    await closed;
    await this.#process.status;
    // Its children may still be writing there.
    for (let i = 0; i < 20; i++) {
      try {
        await Deno.remove(this.#directory, { recursive: true });
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  #onMessage(message: Message): void {
    if (message.id !== undefined) {
      this.#pending.get(message.id)?.(message);
      this.#pending.delete(message.id);
      return;
    }
    const { method, params } = message;
    if (
      method === "Runtime.exceptionThrown" || method === "Log.entryAdded" ||
      method === "Runtime.consoleAPICalled"
    ) this.complaints.push(JSON.stringify(params));
  }
}
