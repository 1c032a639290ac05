// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { Browser, findBrowser } from "../../tests/doubles/browser.ts";
import { Lock } from "../../sync/mod.ts";
import { createTask, currentTask, run, sleep } from "../../tasks/mod.ts";
import { connect } from "../_client.ts";
import { inspect, type InspectOptions } from "../mod.ts";
import { Site } from "./web.ts";

/** Ends the program, as far as viewers can see, and begins it again. */
interface Restart {
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Serves the page of this very program while `body` looks at it. */
async function withSite(
  body: (address: string, restart: Restart) => Promise<unknown>,
  options: InspectOptions = {},
): Promise<void> {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/program.sock`;
  let inspector = await inspect({ path, ...options });
  const restart: Restart = {
    stop: () => inspector.close(),
    start: async () => {
      inspector = await inspect({ path, ...options });
    },
  };
  const site = new Site(() => connect(path));
  let address = "";
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: ({ port }) => address = site.listensAt(port),
  }, (request) => site.handle(request));
  try {
    await run(async () => {
      currentTask()!.setName("main");
      await body(address, restart);
    });
  } finally {
    await server.shutdown();
    await site.close();
    await inspector.close();
    await Deno.remove(directory, { recursive: true });
  }
}

/** Sends a request as it is, since `fetch()` chooses the Host itself; returns the answer's head and body. */
async function raw(address: string, text: string): Promise<string> {
  const { hostname, port } = new URL(address);
  using conn = await Deno.connect({ hostname, port: Number(port) });
  await conn.write(new TextEncoder().encode(text));
  let answer = "";
  const memory = new Uint8Array(65536);
  const decoder = new TextDecoder();
  for (let count; (count = await conn.read(memory)) !== null;) {
    answer += decoder.decode(memory.subarray(0, count), { stream: true });
  }
  return answer;
}

/** The status that a request gets. */
async function statusOf(
  address: string,
  { method = "GET", path = "", headers = {}, body = "" }: {
    method?: string;
    path?: string;
    headers?: Record<string, string>;
    body?: string;
  },
): Promise<number> {
  const { host, pathname } = new URL(address);
  const all = {
    host,
    connection: "close",
    ...body !== "" && { "content-length": String(body.length) },
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  const answer = await raw(
    address,
    `${method} ${
      path.startsWith("/") ? path : `${pathname}${path}`
    } HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n${body}`,
  );
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
}

Deno.test("Site answers the page with its secret only", () =>
  withSite(async (address) => {
    assertEquals(await statusOf(address, {}), 200);
    assertEquals(await statusOf(address, { path: "data" }), 200);
    for (const path of ["/", "/data", "/page.js", `/${"0".repeat(48)}/data`]) {
      assertEquals(await statusOf(address, { path }), 404, path);
    }
    for (const path of ["nothing", "../data", "data/more", "%2e%2e/data"]) {
      assertEquals(await statusOf(address, { path }), 404, path);
    }
  }));

Deno.test("Site refuses other names of the host, and other origins", () =>
  withSite(async (address) => {
    const { host, port } = new URL(address);
    const refused: Record<string, string>[] = [
      { host: `evil.example:${port}` },
      { host: "evil.example" },
      { host: `localhost:${port}` },
      { host: "127.0.0.1" },
      { origin: "http://evil.example" },
      { origin: "null" },
      { origin: `http://localhost:${port}` },
      { origin: `https://${host}` },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      // In a frame, or as an image.
      {
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": "navigate",
        "sec-fetch-dest": "iframe",
      },
      {
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": "no-cors",
        "sec-fetch-dest": "image",
      },
    ];
    for (const headers of refused) {
      for (const path of ["", "data", "tree.svg"]) {
        const status = await statusOf(address, { path, headers });
        assertEquals(status, 403, JSON.stringify(headers));
      }
    }
    const origin = `http://${host}`;
    assertEquals(await statusOf(address, { headers: { origin } }), 200);
    const headers = { "sec-fetch-site": "same-origin" };
    assertEquals(await statusOf(address, { path: "data", headers }), 200);
    // The file that opens the page is of another origin.
    const opening = {
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
    };
    assertEquals(await statusOf(address, { headers: opening }), 200);
  }));

Deno.test({
  name: "inspect web opens the browser without showing its address to others",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const directory = await Deno.makeTempDir();
    const path = `${directory}/program.sock`;
    // In place of the command that opens browsers.
    await Deno.writeTextFile(
      `${directory}/xdg-open`,
      `#!/bin/sh\necho "$@" > ${directory}/arguments`,
    );
    await Deno.chmod(`${directory}/xdg-open`, 0o755);
    await using _ = await inspect({ path });
    const viewer = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", import.meta.resolve("../mod.ts"), "web", path],
      env: { PATH: `${directory}:${Deno.env.get("PATH")}` },
      stdout: "piped",
    }).spawn();
    const output = viewer.stdout.getReader();
    const printed = new TextDecoder().decode((await output.read()).value);
    const [address] = /http:\S+/.exec(printed)!;
    let file = "";
    while (file === "") {
      await new Promise((resolve) => setTimeout(resolve, 10));
      file = await Deno.readTextFile(`${directory}/arguments`).catch(() => "");
    }
    file = file.trim();
    assertFalse(file.includes("http"));
    assertEquals(Deno.statSync(file).mode! & 0o777, 0o600);
    assertStringIncludes(await Deno.readTextFile(file), address);
    viewer.kill("SIGINT");
    output.releaseLock();
    await viewer.stdout.cancel();
    assertEquals((await viewer.status).code, 0);
    await assertRejects(() => Deno.stat(file), Deno.errors.NotFound);
    await Deno.remove(directory, { recursive: true });
  },
});

Deno.test("Site changes something only at a request of its own page", () =>
  withSite(async (address) => {
    const task = createTask(() => sleep(60), { name: "victim" });
    await sleep(0);
    const { host } = new URL(address);
    const origin = `http://${host}`;
    const data = await (await fetch(`${address}data`)).json();
    const { id } = data.snapshot.tasks.find((each: { name: string }) =>
      each.name === "victim"
    );
    const request = {
      method: "POST",
      path: "cancel",
      body: JSON.stringify({ task: id }),
    };
    const json = { "content-type": "application/json" };
    const attempts: [Record<string, string>, number][] = [
      [json, 403],
      [{ ...json, origin: "http://evil.example" }, 403],
      // What a form of another page can send.
      [{ origin, "content-type": "text/plain" }, 415],
      [{ origin, "content-type": "application/x-www-form-urlencoded" }, 415],
    ];
    for (const [headers, status] of attempts) {
      assertEquals(await statusOf(address, { ...request, headers }), status);
    }
    assertEquals(
      await statusOf(address, {
        ...request,
        method: "PUT",
        headers: { ...json, origin },
      }),
      405,
    );
    assertEquals(task.cancelling(), 0);
    const headers = { ...json, origin };
    assertEquals(await statusOf(address, { ...request, headers }), 200);
    await task.catch(() => {});
    assert(task.cancelled());
  }, { allowCancel: true }));

Deno.test("Site never lets the page be framed, or load anything from elsewhere", () =>
  withSite(async (address) => {
    const response = await fetch(address);
    const page = await response.text();
    const policy = response.headers.get("content-security-policy")!;
    assertStringIncludes(policy, "default-src 'none'");
    assertStringIncludes(policy, "frame-ancestors 'none'");
    assertFalse(policy.includes("unsafe"));
    assertEquals(response.headers.get("cache-control"), "no-store");
    assertEquals(response.headers.get("referrer-policy"), "no-referrer");
    const script = await (await fetch(`${address}page.js`)).text();
    const style = await (await fetch(`${address}page.css`)).text();
    const others = (page + script + style).match(
      /(https?:)?\/\/[\w.-]+\/[^\s"']*/g,
    );
    assertEquals(others, ["http://www.w3.org/2000/svg"]);
  }));

Deno.test("Site escapes names in the picture", () =>
  withSite(async (address) => {
    const task = createTask(() => sleep(60), {
      name: '<script>alert(1)</script>&"\x1b',
    });
    await sleep(0);
    const picture = await (await fetch(`${address}tree.svg`)).text();
    assertFalse(picture.includes("<script"));
    assertStringIncludes(
      picture,
      "&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;\\u{1b}",
    );
    task.cancel();
  }));

const browser = findBrowser();

Deno.test({
  name:
    "inspect's page follows a program in a browser, and survives its end and return",
  ignore: browser === null,
  fn: async () => {
    await using page = await Browser.open(browser!);
    const pictures = Deno.env.get("ASYNCIO_SCREENSHOTS");
    await withSite(async (address, restart) => {
      const locks = [new Lock(), new Lock()] as const;
      const take = (first: Lock, second: Lock) => async () => {
        using _ = await first.acquire();
        await sleep(0.01);
        using __ = await second.acquire();
      };
      const tasks = [
        createTask(take(...locks), { name: "alice pays" }),
        createTask(take(locks[1], locks[0]), { name: "bob pays" }),
        createTask(async function work() {
          while (true) await sleep(0.01);
        }, { name: "<img src=x onerror=alert(1)>" }),
      ];
      for (let i = 0; i < 200; i++) {
        tasks.push(createTask(() => sleep(600), { name: `visitor ${i}` }));
      }
      await page.resize(1280, 800);
      await page.goTo(address);
      await page.until(
        `document.querySelector("#state")?.textContent === "Live"`,
      );
      await page.until(
        `document.body.innerText.includes("2 tasks wait for each other in a circle")`,
      );
      await page.until(
        `document.body.innerText.includes("<img src=x onerror=alert(1)>")`,
      );
      assertEquals(await page.evaluate(`document.images.length`), 0);
      // Only what can be seen is there.
      assert(
        await page.evaluate(
          `document.querySelectorAll(".row").length`,
        ) as number < 100,
      );
      if (pictures) await page.screenshot(`${pictures}/desktop.png`);
      // By the keyboard: search, choose, cancel.
      await page.evaluate(`document.querySelector("#tree").focus()`);
      await page.press("/");
      for (const key of "visitor 177") await page.press(key);
      await page.until(`document.querySelectorAll(".row").length === 1`);
      await page.evaluate(`document.querySelector("#tree").focus()`);
      await page.press("ArrowDown");
      await page.until(
        `document.querySelector("#details h2")?.textContent === "visitor 177"`,
      );
      assertStringIncludes(
        await page.evaluate(
          `document.querySelector("#details").innerText`,
        ) as string,
        "sleep()",
      );
      await page.press("Escape");
      await page.until(`document.querySelectorAll(".row").length > 20`);
      for (const tab of ["objects", "steps", "timeline"]) {
        await page.evaluate(`document.querySelector("#tab-${tab}").click()`);
        await page.until(`!document.querySelector("#${tab}-panel").hidden`);
      }
      await page.until(
        `document.querySelectorAll("#timeline-panel rect").length > 3`,
      );
      // A step that computes, while the program cannot answer.
      createTask(async function compute() {
        const end = performance.now() + 100;
        while (performance.now() < end);
        await sleep(60);
      }, { name: "compute" });
      await page.until(
        `document.querySelector("#timeline-panel").textContent.includes("compute: ran for 0.1")`,
      );
      if (pictures) await page.screenshot(`${pictures}/timeline.png`);
      await page.evaluate(`document.querySelector("#tab-objects").click()`);
      await page.until(
        `document.querySelector("#objects-panel").innerText.includes("held by 'bob pays'")`,
      );
      await page.evaluate(`document.querySelector("#tab-tree").click()`);
      await page.resize(390, 844, true);
      await page.until(`document.querySelectorAll(".row").length > 10`);
      assert(
        await page.evaluate(
          `document.documentElement.scrollWidth <= innerWidth`,
        ),
      );
      if (pictures) await page.screenshot(`${pictures}/phone.png`);
      // The program goes, and comes again at the same path.
      await restart.stop();
      await page.until(
        `document.querySelector("#state").className === "gone"`,
      );
      assertStringIncludes(
        await page.evaluate(
          `document.querySelector("#state").innerText`,
        ) as string,
        "The program does not answer, or has ended",
      );
      await restart.start();
      await page.until(
        `document.querySelector("#state").textContent === "Live"`,
      );
      for (const task of tasks) task.cancel();
    });
    assertEquals(page.complaints, []);
  },
});
