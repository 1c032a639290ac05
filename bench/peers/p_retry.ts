// Copyright 2026 the asyncio for Deno authors. MIT license.

import pRetry from "npm:p-retry@^7";
import { type Contestant, OPERATIONS, timed } from "./contest.ts";

/** p-retry: attempts with delays. A signal ends the row of attempts, not the one that runs. */
export const pRetryLibrary: Contestant = {
  name: "p-retry",
  cases: {
    "retry without a failure": timed(async () => {
      const nothing = async () => {};
      for (let i = 0; i < OPERATIONS; i++) await pRetry(nothing);
    }),
  },
};
