// Copyright 2026 the asyncio for Deno authors. MIT license.

/** The number of ids per millisecond that sort in the order of their creation. */
const COUNTS = 0x1000;

let lastTime = 0;
let count = 0;

/**
 * Returns a new id: a UUID of version 7, whose first part is the time. Those that one program creates sort in the order
 * of their creation, and an index of them grows at its end.
 */
export function newJobId(): string {
  const now = Date.now();
  // The clock may be set back, and one millisecond may see more ids than the counter has values.
  if (now > lastTime) {
    lastTime = now;
    count = 0;
  } else if (++count === COUNTS) {
    lastTime++;
    count = 0;
  }
  const time = lastTime.toString(16).padStart(12, "0");
  const order = count.toString(16).padStart(3, "0");
  const random = crypto.randomUUID();
  // The rest of a random UUID: its variant and 62 random bits.
  return `${time.slice(0, 8)}-${time.slice(8)}-7${order}${random.slice(18)}`;
}
