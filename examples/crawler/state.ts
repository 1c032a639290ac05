// Copyright 2026 the asyncio for Deno authors. MIT license.

/** How far a crawl is. */
export interface State {
  /** The pages that were found. */
  readonly known: Iterable<string>;
  /** Those of them that are still to be visited. */
  readonly todo: Iterable<string>;
}

/** Loads the state from a file; without one, a crawl begins with the start page. */
export function loadState(file: string | undefined, start: URL): State {
  if (file !== undefined) {
    try {
      return JSON.parse(Deno.readTextFileSync(file));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return { known: [start.href], todo: [start.href] };
}

/** Saves the state; at no time is there half a file. */
export function saveState(
  file: string | undefined,
  { known, todo }: State,
): void {
  if (file === undefined) return;
  const text = JSON.stringify({ known: [...known], todo: [...todo] });
  Deno.writeTextFileSync(`${file}.new`, text);
  Deno.renameSync(`${file}.new`, file);
}
