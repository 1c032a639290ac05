// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Finds phrases in pages, comments and titles of tests that do not read as plain English.
 *
 * ```sh
 * deno task check:style           # fails if there is one in any file, or in the paths that follow
 * deno task check:style --count   # counts each phrase in each folder
 * ```
 *
 * @module
 */

import { proseOfMarkdown, proseOfModule } from "./prose.ts";

/** A phrase to avoid, and what to write. */
export interface Phrase {
  readonly pattern: RegExp;
  readonly instead: string;
}

/** The phrases, by name. */
export const PHRASES: Readonly<Record<string, Phrase>> = {
  "code is not people": {
    pattern:
      /\b(who(?:ever|mever)?(?= (?:waits?|calls?|asks?|comes|came|wants?|holds?|reads?|has|is|are)\b)|whoever|whom|somebody|someone|nobody|anybody|everybody)\b/gi,
    instead: "waiters, callers, pending reads, nothing, everything",
  },
  "errors arise": {
    pattern: /\b(arises?|arose|arisen)\b/gi,
    instead: "is thrown, rejects with",
  },
  "beside, meanwhile, for ever": {
    pattern: /\b(beside|meanwhile|for ever)\b/gi,
    instead: "alongside, concurrently, in the meantime, forever",
  },
  "of Deno's": {
    pattern:
      /\bof (?:ours|theirs|(?:Deno|asyncio|Python|Node|CPython|the (?:user|library|program|platform|caller))'s)(?=(?: own)?(?:[.,;:)]|$| (?:and|as|at|but|by|for|from|has|if|in|is|on|or|that|to|when|which|with)\b))/gi,
    instead: "a Deno error, user code, the library's own",
  },
  "is no": {
    pattern:
      /\b(?:(?<!\bthere (?:(?:can|could|may|might|must|should|will|would) )?)(?:is|are|was|were|be) no(?!\s+(?:longer|more|fewer|less|later|earlier|faster|slower)\b)|knows? no)\b/gi,
    instead: "is not a, does not support",
  },
  "else for otherwise": {
    pattern: /(?:^|[.;,(] )else\b(?! if)/gim,
    instead: "otherwise",
  },
  "one for you": {
    pattern:
      /(?<!\b(?:the|this|a|an|any|no|only|each|every|other|another|next|last|first|second|new|old|inner|outer|\w+ed) )\bone (?:can|cannot|may|must|does|do not|has to|needs|wants|says|looks|gives|writes|knows|gets)\b|\bone's own\b/gi,
    instead: "you, or the passive voice",
  },
  "a clause as subject": {
    pattern:
      /(?:^|[.;:] |\/\*\* )(?:(?:What|Who)(?! (?:to|if|else|happens|do|does|is the|are the|it takes|you|follows)\b) [^.?!\n]*?|Where [^.?!,\n]*?)(?=[.!\n])(?![^.!\n]*\?)/gm,
    instead: "a noun: deprecated APIs, the caller",
  },
  "has X do": {
    pattern:
      /\/\*\* (?:Has|Lets|Makes|Says|Tells|Gets|Gives) (?:a|an|the|what|how|whether|that)\b/g,
    instead: "Returns, Registers, Cancels, Checks",
  },
  "first come, so that, may it be": {
    pattern:
      /\b(lest|thereby|whereby|hitherto|thereof|wherein|be it|of its own accord|at present|as it were|comes of|came of|kin)\b/gi,
    instead: "a plain word",
  },
  "to begin with, as well": {
    pattern: /\b(till|upon|amid|amongst|whilst|thus|hence)\b/gi,
    instead: "until, on, among, while, so",
  },
};

/** A phrase that was found. */
interface Finding {
  readonly path: string;
  readonly line: number;
  readonly phrase: string;
  readonly text: string;
}

/** Finds the phrases in the prose of a file. */
export function phrasesIn(path: string, source: string): Finding[] {
  const prose = path.endsWith(".md")
    ? proseOfMarkdown(source)
    : proseOfModule(source);
  return Object.entries(PHRASES).flatMap(([phrase, { pattern }]) =>
    [...prose.matchAll(pattern)].map((match) => ({
      path,
      line: prose.slice(0, match.index).split("\n").length,
      phrase,
      text: match[0].trim(),
    }))
  );
}

async function trackedFiles(): Promise<string[]> {
  const { stdout } = await new Deno.Command("git", {
    args: ["ls-files", "*.md", "*.ts"],
  }).output();
  return new TextDecoder().decode(stdout).trim().split("\n");
}

function countByFolder(findings: readonly Finding[]): void {
  const folders = new Map<string, Record<string, number>>();
  for (const { path, phrase } of findings) {
    const folder = path.includes("/") ? path.split("/")[0]! : ".";
    const counts = folders.get(folder) ?? {};
    counts[phrase] = (counts[phrase] ?? 0) + 1;
    folders.set(folder, counts);
  }
  console.table(Object.fromEntries([...folders].toSorted()));
}

if (import.meta.main) {
  const findings: Finding[] = [];
  for (const path of await trackedFiles()) {
    findings.push(...phrasesIn(path, await Deno.readTextFile(path)));
  }
  const chosen = Deno.args.filter((arg) => !arg.startsWith("--"));
  const isChosen = ({ path }: Finding) =>
    chosen.length === 0 || chosen.some((start) => path.startsWith(start));
  if (Deno.args.includes("--count")) countByFolder(findings);
  else {
    const shown = findings.filter(isChosen);
    for (const { path, line, phrase, text } of shown) {
      console.error(
        `${path}:${line}: "${text}": ${phrase}; write ${
          PHRASES[phrase]!.instead
        }`,
      );
    }
    if (shown.length > 0) Deno.exit(1);
  }
}
