// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Block, Program, Statement } from "./program.ts";

/**
 * Programs that are a little smaller than another one.
 *
 * @param program The program.
 * @returns The smaller ones, the smallest first.
 */
export function smallerPrograms(program: Program): Program[] {
  const smaller: Program[] = [];
  program.tasks.forEach((block, i) => {
    if (block.length > 0) smaller.push(withTask(program, i, []));
  });
  if (program.roots > 1) {
    smaller.push({ ...program, roots: program.roots - 1 });
  }
  program.tasks.forEach((block, i) => {
    for (const other of smallerBlocks(block)) {
      smaller.push(withTask(program, i, other));
    }
  });
  return smaller;
}

function withTask(program: Program, index: number, block: Block): Program {
  return { ...program, tasks: program.tasks.with(index, block) };
}

function* smallerBlocks(block: Block): Generator<Block> {
  for (const [i, statement] of block.entries()) {
    yield block.toSpliced(i, 1);
    for (const inner of blocksOf(statement)) {
      yield block.toSpliced(i, 1, ...inner.block);
    }
  }
  for (const [i, statement] of block.entries()) {
    for (const other of smallerStatements(statement)) {
      yield block.with(i, other);
    }
  }
}

function* smallerStatements(statement: Statement): Generator<Statement> {
  for (const { key, block } of blocksOf(statement)) {
    for (const other of smallerBlocks(block)) {
      yield { ...statement, [key]: other } as Statement;
    }
  }
  if (statement.op === "group" || statement.op === "gather") {
    const { children } = statement;
    if (children.length > 1) {
      for (const i of children.keys()) {
        yield { ...statement, children: children.toSpliced(i, 1) };
      }
    }
  }
  if (
    (statement.op === "spin" || statement.op === "repeat") &&
    statement.times > 1
  ) yield { ...statement, times: statement.times - 1 };
  if (statement.op === "nest" && statement.depth > 1) {
    yield { ...statement, depth: 1 };
  }
}

function blocksOf(statement: Statement): { key: string; block: Block }[] {
  return Object.entries(statement)
    .filter(([key]) => key === "body" || key === "handler" || key === "cleanup")
    .map(([key, block]) => ({ key, block: block as unknown as Block }));
}
