// Copyright 2026 the asyncio for Deno authors. MIT license.

/** Returns the text of a response up to a number of bytes, and fetches no more. */
export async function readText(
  response: Response,
  maxBytes: number,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let left = maxBytes;
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes.subarray(0, left), { stream: true });
    left -= bytes.length;
    if (left <= 0) break; // cancels the rest
  }
  return text;
}
