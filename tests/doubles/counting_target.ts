// Copyright 2026 the asyncio for Deno authors. MIT license.

/** An `EventTarget` that counts its listeners. */
export class CountingTarget extends EventTarget {
  /** The number of listeners. */
  listeners = 0;

  override addEventListener(
    ...args: Parameters<EventTarget["addEventListener"]>
  ): void {
    this.listeners++;
    super.addEventListener(...args);
  }

  override removeEventListener(
    ...args: Parameters<EventTarget["removeEventListener"]>
  ): void {
    this.listeners--;
    super.removeEventListener(...args);
  }

  /** Dispatches a `CustomEvent` of the type "tick". */
  tick(detail: number): void {
    this.dispatchEvent(new CustomEvent("tick", { detail }));
  }
}
