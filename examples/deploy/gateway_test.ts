// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertGreater } from "@std/assert";
import { createTask, Event, gather, sleep } from "../../mod.ts";
import { inVirtualTime } from "../../testing/mod.ts";
import { Gateway, type GatewayOptions, type Upstream } from "./gateway.ts";

interface Asker {
  readonly get: (path: string, client?: string) => Promise<Response>;
  /** The paths that were requested from the upstream service. */
  readonly asked: readonly string[];
}

/** Runs a test in virtual time, with a service that takes a number of seconds. */
function withGateway(
  seconds: number,
  options: GatewayOptions,
  body: (asker: Asker) => Promise<void>,
): () => Promise<void> {
  return inVirtualTime(async () => {
    const asked: string[] = [];
    const upstream: Upstream = async (path) => {
      asked.push(path);
      await sleep(seconds);
      if (path === "/broken") throw new TypeError("It is broken");
      return new Response(`${path} ${asked.length}`);
    };
    const gateway = new Gateway(upstream, {
      rate: 1000,
      burst: 1000,
      ...options,
    });
    const get = (path: string, client = "me") =>
      gateway.handle(new Request(`http://gateway${path}`), client);
    await body({ get, asked });
  });
}

async function textsOf(
  responses: readonly Response[],
): Promise<string[]> {
  return await Promise.all(responses.map((response) => response.text()));
}

Deno.test(
  "Gateway asks once for what many ask for at the same time",
  withGateway(1, {}, async ({ get, asked }) => {
    const paths = ["/a", "/a", "/b", "/a"];
    const responses = await gather(paths.map((path) => () => get(path)));
    assertEquals(await textsOf(responses), ["/a 2", "/a 2", "/b 2", "/a 2"]);
    assertEquals(await (await get("/a")).text(), "/a 3");
    assertEquals(asked, ["/a", "/b", "/a"]);
  }),
);

Deno.test(
  "Gateway asks for so much at a time, and has so much wait",
  withGateway(2, { atOnce: 1, maxFlights: 3 }, async ({ get, asked }) => {
    const paths = ["/a", "/b", "/c", "/d"];
    const gets = paths.map((path) => createTask(() => get(path)));
    await sleep(1);
    assertEquals(asked, ["/a"]);
    const responses = await gather(gets);
    // The third would have been answered after 6 seconds
    assertEquals(responses.map(({ status }) => status), [200, 200, 504, 503]);
    await sleep(5);
    assertEquals(asked, ["/a", "/b", "/c"]);
  }),
);

Deno.test(
  "Gateway does not wait longer than it may, for the client's sake and for its own",
  withGateway(3600, { atOnce: 1 }, async ({ get, asked }) => {
    assertEquals((await get("/a")).status, 504);
    assertEquals((await get("/b")).status, 504);
    assertEquals(asked, ["/a"]);
    await sleep(1);
    assertEquals(asked, ["/a", "/b"]); // after 10 seconds there was a slot
    await sleep(10);
  }),
);

Deno.test(
  "Gateway goes on for the others when one client leaves",
  withGateway(1, {}, async ({ get, asked }) => {
    const [leaver, other] = [1, 2].map(() => createTask(() => get("/a")));
    await sleep(0.5);
    leaver!.cancel();
    assertEquals(await (await other!).text(), "/a 1");
    assertEquals(asked, ["/a"]);
  }),
);

Deno.test("Gateway reports that the upstream service fails", async () => {
  const { error } = console;
  const logged: unknown[][] = [];
  console.error = (...parts: unknown[]) => logged.push(parts);
  try {
    await withGateway(1, {}, async ({ get }) => {
      const [one, two] = [() => get("/broken"), () => get("/broken")];
      const responses = await gather([one, two]);
      assertEquals(responses.map(({ status }) => status), [502, 502]);
    })();
  } finally {
    console.error = error;
  }
  assertEquals(logged.map(([text, error]) => `${text} ${error}`), [
    "The service behind fails: TypeError: It is broken",
    "The service behind fails: TypeError: It is broken",
  ]);
});

Deno.test(
  "Gateway lets each client ask so often, and more after a pause",
  withGateway(0, { rate: 1, burst: 3 }, async ({ get }) => {
    const statuses = async (client: string) => {
      const responses = [];
      for (let i = 0; i < 4; i++) responses.push(await get("/a", client));
      return responses.map(({ status }) => status);
    };
    assertEquals(await statuses("me"), [200, 200, 200, 429]);
    assertEquals(await statuses("you"), [200, 200, 200, 429]);
    const refused = await get("/a", "me");
    assertEquals(refused.headers.get("retry-after"), "1");
    await sleep(1.5);
    assertEquals(await statuses("me"), [200, 429, 429, 429]);
    await sleep(3600);
    assertEquals(await statuses("me"), [200, 200, 200, 429]);
  }),
);

Deno.test("Gateway works outside every loop's run", async () => {
  const release = new Event();
  let asked = 0;
  const gateway = new Gateway(async () => {
    asked++;
    await release.wait();
    return new Response("here");
  });
  const get = () => gateway.handle(new Request("http://gateway/a"), "me");
  const responses = [get(), get()];
  await sleep(0);
  release.set();
  assertEquals(await textsOf(await Promise.all(responses)), ["here", "here"]);
  assertEquals(asked, 1);
  assertGreater(
    (await gateway.handle(
      new Request("http://gateway/a", { method: "POST" }),
      "me",
    )).status,
    404,
  );
});
