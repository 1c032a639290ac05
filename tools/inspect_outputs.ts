// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Runs the programs of `examples/inspect/`, looks at them, and puts what the viewer prints into the page:
 *
 * ```sh
 * deno run -A tools/inspect_outputs.ts docs/inspect.md
 * ```
 *
 * In the page, a comment `<!-- output: deadlock: pstree -->` stands before each block that is replaced. The pictures
 * are drawn next to the page.
 *
 * @module
 */

import { connect } from "../inspect/_client.ts";
import { treePicture } from "../inspect/_picture.ts";
import { Browser, findBrowser } from "../tests/doubles/browser.ts";

const ROOT = new URL("../", import.meta.url);
/** How long a program runs before it is looked at, in milliseconds; leaked tasks have to be older. */
const WARM_UP = 2500;
const LEAK = 11_000;

/** Runs an example while `body` looks at it, by the path of its socket. */
async function withExample<T>(
  name: string,
  body: (path: string) => Promise<T>,
): Promise<T> {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/program.sock`;
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `examples/inspect/${name}.ts`, path],
    cwd: ROOT,
    stdout: "null",
  }).spawn();
  const delay = name === "leaked_task" ? LEAK : WARM_UP;
  try {
    await new Promise((resolve) => setTimeout(resolve, delay));
    return await body(path);
  } finally {
    process.kill("SIGKILL");
    await process.status;
    await Deno.remove(directory, { recursive: true });
  }
}

/** Runs the viewer, and returns what it prints. */
async function view(args: readonly string[]): Promise<string> {
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "inspect/mod.ts", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trimEnd();
}

/** Replaces the block after each comment by what the viewer prints. */
export async function withOutputs(
  page: string,
  outputOf: (example: string, command: string) => Promise<string>,
): Promise<string> {
  const parts = page.split(
    /^(<!-- output: .+? -->\n+```text\n)[\s\S]*?(?=```$)/m,
  );
  let result = parts[0]!;
  for (let i = 1; i < parts.length; i += 2) {
    const [, example, command] = /output: (\w+): (.+?) -->/.exec(parts[i]!)!;
    const output = await outputOf(example!, command!);
    result += `${parts[i]!}${output}\n${parts[i + 1]!}`;
  }
  return result;
}

async function drawPictures(folder: string): Promise<void> {
  await withExample("deadlock", async (path) => {
    await using client = await connect(path);
    const picture = treePicture(await client.snapshot(), "inspect pstree");
    await Deno.writeTextFile(`${folder}/inspect_deadlock.svg`, picture);
  });
  const browser = findBrowser();
  if (browser === null) return;
  await withExample("long_step", async (path) => {
    const viewer = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "inspect/mod.ts", "web", path, "--no-open"],
      cwd: ROOT,
      stdout: "piped",
    }).spawn();
    const reader = viewer.stdout.getReader();
    const printed = new TextDecoder().decode((await reader.read()).value);
    const [address] = /http:\S+/.exec(printed)!;
    reader.releaseLock();
    try {
      await using page = await Browser.open(browser);
      await page.resize(900, 420);
      await page.goTo(address);
      await page.until(
        `document.querySelector("#state")?.textContent === "Live"`,
      );
      await page.evaluate(`document.querySelector("#tab-timeline").click()`);
      await new Promise((resolve) => setTimeout(resolve, 20_000));
      await page.screenshot(`${folder}/inspect_page.png`);
    } finally {
      viewer.kill();
      await viewer.stdout.cancel();
      await viewer.status;
    }
  });
}

if (import.meta.main) {
  const [file = "docs/inspect.md"] = Deno.args;
  const page = await Deno.readTextFile(file);
  const filled = await withOutputs(
    page,
    (example, command) =>
      withExample(example, async (path) => {
        const [name, ...options] = command.split(" ");
        const output = await view([name!, path, ...options]);
        return output.replaceAll(path, "PATH").replaceAll(/\(\d+\)/g, "(4711)");
      }),
  );
  await Deno.writeTextFile(file, filled);
  await drawPictures(file.slice(0, file.lastIndexOf("/")));
}
