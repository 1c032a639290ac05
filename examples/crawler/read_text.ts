// Copyright 2026 the asyncio for Deno authors. MIT license.

/** The text of a response, up to so many bytes; no more of it is fetched. */
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
    if (left <= 0) break; // which cancels the rest
  }
  return text;
}
