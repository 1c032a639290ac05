// Copyright 2026 the asyncio for Deno authors. MIT license.

/** A web stream whose source is the test. */
export class FakeSource {
  controller!: ReadableStreamDefaultController<Uint8Array>;
  pulls = 0;
  readonly cancellations: unknown[] = [];
  readonly stream: ReadableStream<Uint8Array> = new ReadableStream<Uint8Array>({
    start: (controller) => void (this.controller = controller),
    pull: () => void this.pulls++,
    cancel: (reason) => void this.cancellations.push(reason),
  }, { highWaterMark: 0 });
}
