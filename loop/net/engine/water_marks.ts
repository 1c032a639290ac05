// Copyright 2026 the asyncio for Deno authors. MIT license.

/** The high-water mark unless it is set otherwise, in bytes. */
const DEFAULT_HIGH = 64 * 1024;

/** Between which fillings of a transport's buffer its protocol pauses and resumes writing. */
export class WaterMarks {
  readonly low: number;
  readonly high: number;

  constructor(high?: number | null, low?: number | null) {
    high ??= low == null ? DEFAULT_HIGH : 4 * low;
    low ??= Math.floor(high / 4);
    if (!(high >= low && low >= 0)) {
      throw new RangeError(
        `The high-water mark must be at least the low one, and that at least 0: received ${high} and ${low}`,
      );
    }
    this.low = low;
    this.high = high;
  }
}
