// Copyright 2026 the asyncio for Deno authors. MIT license.

import { OS } from "../loop/core/runtime.ts";

/** The signals that end a viewer, which tidies up first. */
export const ENDING: readonly Deno.Signal[] = OS === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];
