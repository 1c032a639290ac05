// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Draws what `deno task demo` prints, as an SVG:
 *
 * ```sh
 * deno run --allow-run --allow-write tools/demo_picture.ts docs/demo.svg
 * ```
 *
 * @module
 */

const COLUMN = 8;
const ROW = 18;
const MARGIN = 16;
const COLORS = {
  background: "#1e1e2e",
  plain: "#cdd6f4",
  prompt: "#89b4fa",
  open: "#a6e3a1",
  failed: "#f38ba8",
};

/** Draws a terminal of 80 columns that shows a command and its output. */
export function terminalPicture(command: string, output: string): string {
  const lines = output.trimEnd().split("\n");
  const firstLineAt = lines.find((line) => line.startsWith("TARGET"))
    ?.indexOf("FIRST LINE") ?? 0;
  const rows = [
    span(`$ ${command}`, COLORS.prompt),
    ...lines.map((line) => {
      const color = colorOf(line);
      return color === null
        ? span(line, COLORS.plain)
        : span(line.slice(0, firstLineAt), color) +
          span(line.slice(firstLineAt), COLORS.plain);
    }),
  ];
  const width = 80 * COLUMN + 2 * MARGIN;
  const height = rows.length * ROW + 2 * MARGIN;
  const text = rows.map((row, index) =>
    `<text x="${MARGIN}" y="${
      MARGIN + ROW * (index + 0.75)
    }" xml:space="preserve">${row}</text>`
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="The output of ${
    escape(command)
  }">
<rect width="${width}" height="${height}" rx="8" fill="${COLORS.background}"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="13.3">
${text.join("\n")}
</g>
</svg>
`;
}

function colorOf(line: string): string | null {
  if (!line.startsWith("127.")) return null;
  return / open +\d/.test(line) ? COLORS.open : COLORS.failed;
}

function span(text: string, color: string): string {
  return text === ""
    ? ""
    : `<tspan fill="${color}" textLength="${text.length * COLUMN}">${
      escape(text)
    }</tspan>`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    .replaceAll('"', "&quot;");
}

if (import.meta.main) {
  const [target = "docs/demo.svg"] = Deno.args;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-net", "--allow-read", "examples/probe.ts"],
    cwd: new URL("../", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  const output = new TextDecoder().decode(stdout);
  await Deno.writeTextFile(target, terminalPicture("deno task demo", output));
}
