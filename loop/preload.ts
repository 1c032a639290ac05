// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * The event loop and all modules that are loaded with it, which every entry of the library imports first.
 *
 * When a module imports one that no other module has imported yet, Deno 2.9 decodes the importing module's source
 * map, which takes longer than loading it. For the modules listed here that is the small map of this file.
 *
 * @module
 */

import "./core/_relay.ts";
import "./core/async_context.ts";
import "./core/call.ts";
import "./core/cancelled_error.ts";
import "./core/context.ts";
import "./core/deno_workarounds.ts";
import "./core/errors.ts";
import "./core/future.ts";
import "./core/handle.ts";
import "./core/host.ts";
import "./core/inline_call.ts";
import "./core/inspection.ts";
import "./core/introspection/reports.ts";
import "./core/introspection/source_stacks.ts";
import "./core/introspection/task_stack.ts";
import "./core/line.ts";
import "./core/ring_buffer.ts";
import "./core/runtime.ts";
import "./core/scheduler.ts";
import "./core/scope.ts";
import "./core/task.ts";
import "./core/task_state.ts";
import "./core/timer_queue.ts";
import "./core/unknown_value.ts";
import "./core/validate.ts";
import "./core/wrap_future.ts";
import "./event_loop.ts";
import "./executor/_pool_worker.ts";
import "./executor/_worker_program.ts";
import "./executor/executor.ts";
import "./executor/worker_executor.ts";
import "./selector.ts";
import "./signals.ts";
