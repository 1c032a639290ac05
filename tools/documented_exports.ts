// Copyright 2026 the asyncio for Deno authors. MIT license.

const ROOT = new URL("../", import.meta.url);

/** An export and the beginning of its documentation. */
export interface DocumentedExport {
  /** The folder of the entry, "" for `mod.ts`. */
  readonly entry: string;
  readonly name: string;
  /** As `deno doc` names it: function, class, interface, typeAlias, variable. */
  readonly kind: string;
  /** The value of `@category`; "Other" without one. */
  readonly category: string;
  /** The first sentence, on one line. */
  readonly summary: string;
}

interface JsDoc {
  doc?: string;
  tags?: { kind: string; doc?: string }[];
}

interface Documentation {
  nodes: Record<string, {
    symbols: {
      name: string;
      declarations: { kind: string; jsDoc?: JsDoc }[];
    }[];
  }>;
}

/** Lists the exports of the entries in these folders. */
export async function documentedExports(
  entries: readonly string[],
): Promise<DocumentedExport[]> {
  const all: DocumentedExport[] = [];
  for (const entry of entries) {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["doc", "--json", `${entry === "" ? "." : `./${entry}`}/mod.ts`],
      cwd: ROOT,
      stderr: "null",
    }).output();
    const { nodes }: Documentation = JSON.parse(
      new TextDecoder().decode(stdout),
    );
    for (const { symbols } of Object.values(nodes)) {
      for (const { name, declarations } of symbols) {
        if (declarations.every(({ jsDoc }) => jsDoc === undefined)) continue;
        const [first] = declarations.filter(({ jsDoc }) => jsDoc !== undefined);
        const { doc = "", tags = [] } = first!.jsDoc!;
        all.push({
          entry,
          name,
          kind: first!.kind,
          category: tags.find(({ kind }) => kind === "category")?.doc?.trim() ??
            "Other",
          summary: summaryOf(doc),
        });
      }
    }
  }
  return all;
}

/** The name as it is written in prose: functions with parentheses. */
export function wholeName({ kind, name }: DocumentedExport): string {
  return kind === "function" ? `${name}()` : name;
}

function summaryOf(doc: string): string {
  const [paragraph = ""] = doc.split(/\n\s*\n/);
  const line = paragraph.replaceAll(/\s+/g, " ").trim();
  return /^.*?[.:](?=\s|$)/.exec(line)?.[0].replace(/:$/, ".") ?? line;
}
