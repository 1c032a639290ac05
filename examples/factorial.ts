// Copyright 2026 the asyncio for Deno authors. MIT license.

// Calculates three numbers concurrently, and gathers the results:
//
//   deno run examples/factorial.ts [seconds]

import { gather, run, sleep } from "@asyncio/asyncio";

const second = Number(Deno.args[0] ?? 1);

async function factorial(name: string, number: number): Promise<number> {
  let product = 1;
  for (let i = 2; i <= number; i++) {
    console.log(`Task ${name}: factorial(${number}), at ${i} ...`);
    await sleep(second);
    product *= i;
  }
  console.log(`Task ${name}: factorial(${number}) = ${product}`);
  return product;
}

async function main(): Promise<void> {
  const products = await gather([
    () => factorial("A", 2),
    () => factorial("B", 3),
    () => factorial("C", 4),
  ]);
  console.log(products);
}

await run(main);
