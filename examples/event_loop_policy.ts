// Copyright 2026 the asyncio for Deno authors. MIT license.

// Customises the event loops of a program in two ways: by a policy, as old
// programs do, and by a factory for one run(), which is better:
//
//   deno run examples/event_loop_policy.ts

import {
  DefaultEventLoopPolicy,
  type EventLoop,
  getRunningLoop,
  newEventLoop,
  run,
  setEventLoopPolicy,
} from "@asyncio/asyncio";

class PatientPolicy extends DefaultEventLoopPolicy {
  override newEventLoop(): EventLoop {
    const loop = super.newEventLoop();
    loop.slowCallbackDuration = 1;
    return loop;
  }
}

function impatient(): EventLoop {
  const loop = newEventLoop();
  loop.slowCallbackDuration = 0.01;
  return loop;
}

function main(): number {
  return getRunningLoop().slowCallbackDuration;
}

setEventLoopPolicy(new PatientPolicy());
console.log("by the policy:", await run(main));
console.log("by a factory:", await run(main, { loopFactory: impatient }));
