// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { BodyScope } from "../loop/core/task_state.ts";
import { warn } from "../loop/core/warnings.ts";

/** Warns, in debug mode, of a body that its time limit has not interrupted, unless it has read a signal. */
export function warnOfForeign(scope: BodyScope): void {
  const { scheduler, task } = scope.taskState;
  if (!scheduler.debug) return;
  scope.onceObeyed(() => {
    if (!scope.isUnheard) return;
    if (scope.inside(true).some(({ hasSignal }) => hasSignal)) return;
    warn(
      `A time limit in ${task} was reached, and what its body awaits cannot be interrupted: pass the signal to it`,
    );
  });
}
