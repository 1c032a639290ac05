// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * The event loop and all modules that are loaded with it, which every entry of the library imports first.
 *
 * As soon as a module names another that nobody has named before, Deno 2.9 decodes its source map, which
 * takes longer than loading it. For what is named here that is the small map of this file.
 *
 * @module
 */

import "node:async_hooks";
import "./_await.ts";
import "./_future_access.ts";
import "./_queues.ts";
import "./_relay.ts";
import "./_repeated_call.ts";
import "./_reports.ts";
import "./_selector.ts";
import "./_settlement.ts";
import "./_task_stack.ts";
import "./_unretrieved.ts";
import "./async_context.ts";
import "./base_event_loop.ts";
import "./call_stack.ts";
import "./cancelled_error.ts";
import "./context.ts";
import "./coroutine.ts";
import "./delay.ts";
import "./entry.ts";
import "./error_classes.ts";
import "./errors.ts";
import "./event_loop.ts";
import "./executor/_error_codec.ts";
import "./executor/_function_source.ts";
import "./executor/_job.ts";
import "./executor/_pool_worker.ts";
import "./executor/_transferables.ts";
import "./executor/_worker_program.ts";
import "./executor/default_executor.ts";
import "./executor/executor.ts";
import "./executor/worker_executor.ts";
import "./future.ts";
import "./handle.ts";
import "./host.ts";
import "./is_coroutine_function.ts";
import "./lazy.ts";
import "./line.ts";
import "./network_event_loop.ts";
import "./runtime.ts";
import "./scheduler.ts";
import "./scope.ts";
import "./shown.ts";
import "./signal_handlers.ts";
import "./source_stacks.ts";
import "./task.ts";
import "./timer_handle.ts";
import "./unknown_value.ts";
import "./validate.ts";
import "./wrap_future.ts";
