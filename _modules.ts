// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * The modules that no `mod.ts` names, so that a program that imports everything finds them here first.
 *
 * As soon as a module names another that nobody has named before, Deno 2.9 decodes its source map, which
 * takes longer than loading it. For what is named here that is the small map of this file.
 *
 * @module
 */

import "./loop/_await.ts";
import "./loop/_future_access.ts";
import "./loop/_queues.ts";
import "./loop/_repeated_call.ts";
import "./loop/_reports.ts";
import "./loop/_selector.ts";
import "./loop/_settlement.ts";
import "./loop/_task_stack.ts";
import "./loop/_unretrieved.ts";
import "./loop/awaiters.ts";
import "./loop/call_stack.ts";
import "./loop/delay.ts";
import "./loop/error_classes.ts";
import "./loop/executor/_error_codec.ts";
import "./loop/executor/_function_source.ts";
import "./loop/executor/_job.ts";
import "./loop/executor/_pool_worker.ts";
import "./loop/executor/_transferables.ts";
import "./loop/executor/_worker_program.ts";
import "./loop/executor/default_executor.ts";
import "./loop/executor/threadsafe_loop.ts";
import "./loop/host.ts";
import "./loop/lazy.ts";
import "./loop/net/engine/client.ts";
import "./loop/net/engine/own_bytes.ts";
import "./loop/net/upgradable_protocol.ts";
import "./loop/operation.ts";
import "./loop/runtime.ts";
import "./loop/scheduler.ts";
import "./loop/signal_handlers.ts";
import "./loop/source_stacks.ts";
import "./queues/_channel.ts";
import "./streams/_byte_queue.ts";
import "./streams/_flow_control.ts";
import "./streams/_separators.ts";
import "./streams/_web_streams.ts";
import "./subprocess/_subprocess_stream_protocol.ts";
import "./sync/_assert_count.ts";
import "./sync/_describe.ts";
import "./tasks/_alarm.ts";
import "./tasks/_run_interruptibly.ts";
import "node:async_hooks";
