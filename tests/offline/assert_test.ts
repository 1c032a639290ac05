import nodeAssert from "node:assert/strict";
import {
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertIsError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertNotStrictEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  equal,
  fail,
  unreachable,
} from "@std/assert";

// The assertions cannot vouch for themselves, so node's do.

/** Each of `cases` fails as an assertion, with a message that has the text before it. */
function fails(cases: [message: string, assertion: () => void][]): void {
  for (const [message, assertion] of cases) {
    nodeAssert.throws(assertion, (error) => {
      nodeAssert.ok(error instanceof AssertionError, `${assertion}: ${error}`);
      nodeAssert.ok(error.message.includes(message), error.message);
      return true;
    }, String(assertion));
  }
}

async function rejects(
  cases: [message: string, assertion: () => Promise<unknown>][],
): Promise<void> {
  for (const [message, assertion] of cases) {
    await nodeAssert.rejects(assertion, (error) => {
      nodeAssert.ok(error instanceof AssertionError, `${assertion}: ${error}`);
      nodeAssert.ok(error.message.includes(message), error.message);
      return true;
    }, String(assertion));
  }
}

class Point {
  constructor(readonly x: number, readonly y: number) {}
}
class OtherPoint {
  constructor(readonly x: number, readonly y: number) {}
}
class Temperature {
  #degrees: number;
  constructor(degrees: number) {
    this.#degrees = degrees;
  }
  get degrees(): number {
    return this.#degrees;
  }
}
function circle(tail: number): unknown {
  const node: Record<string, unknown> = { tail };
  node["self"] = node;
  return node;
}

const error = new TypeError("a b");

Deno.test("AssertionError has its name and takes a cause", () => {
  const cause = new Error("why");
  const error = new AssertionError("what", { cause });
  nodeAssert.equal(error.name, "AssertionError");
  nodeAssert.equal(error.message, "what");
  nodeAssert.equal(error.cause, cause);
  nodeAssert.ok(error instanceof Error);
});

Deno.test("assert() and assertFalse() look at the truth of a value", () => {
  for (const value of [true, 1, "a", {}, [], 1n]) {
    assert(value);
    fails([["why", () => assertFalse(value, "why")]]);
  }
  for (const value of [false, 0, "", null, undefined, NaN, 0n]) {
    assertFalse(value);
    fails([["why", () => assert(value, "why")]]);
  }
});

Deno.test("equal(), assertEquals() and assertNotEquals() take what is deeply equal", () => {
  const pairs: [unknown, unknown][] = [
    [1, 1],
    [NaN, NaN],
    [0, -0],
    ["a", "a"],
    [null, null],
    [{ a: { b: [1, 2] } }, { a: { b: [1, 2] } }],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }],
    [{ a: 0 }, { a: -0 }],
    [Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    [[1, [2]], [1, [2]]],
    [new Set([1, { a: 1 }]), new Set([{ a: 1 }, 1])],
    [new Map([[{ a: 1 }, "x"]]), new Map([[{ a: 1 }, "x"]])],
    [new Uint8Array([1, 2]), new Uint8Array([1, 2])],
    [new Uint8Array([1]).buffer, new Uint8Array([1]).buffer],
    [new Date(5), new Date(5)],
    [/a/g, /a/g],
    [new URL("https://example.com/"), new URL("https://example.com")],
    [new Point(1, 2), new Point(1, 2)],
    [new Temperature(3), new Temperature(3)],
    [circle(1), circle(1)],
    [Symbol.iterator, Symbol.iterator],
    [fail, fail],
  ];
  for (const [a, b] of pairs) {
    nodeAssert.ok(equal(a, b), Deno.inspect([a, b]));
    nodeAssert.ok(equal(b, a), Deno.inspect([b, a]));
    assertEquals(a, b);
    fails([["not to be", () => assertNotEquals(a, b)]]);
  }
});

Deno.test("equal(), assertEquals() and assertNotEquals() tell apart what differs", () => {
  const pairs: [unknown, unknown][] = [
    [1, 2],
    [1, "1"],
    [1, 1n],
    [null, undefined],
    [{}, null],
    [{ a: 1 }, { a: 2 }],
    [{ a: undefined }, {}],
    [{ a: undefined }, { b: undefined }],
    [{ a: { b: [1, 2] } }, { a: { b: [1, 3] } }],
    [{ [Symbol.for("a")]: 1 }, { [Symbol.for("a")]: 2 }],
    [[1, 2], [2, 1]],
    [[1], [1, 2]],
    [[1], { 0: 1 }],
    [[undefined], new Array(1)],
    [new Set([1]), new Set([2])],
    [new Set([1]), new Set([1, 2])],
    [new Map([["a", 1]]), new Map([["a", 2]])],
    [new Map([["a", 1]]), new Map([["b", 1]])],
    [new Uint8Array([1, 2]), new Uint8Array([1, 3])],
    [new Uint8Array([1]), new Uint8Array([1, 2])],
    [new Uint8Array([1]), new Int8Array([1])],
    [new Uint8Array([1]), [1]],
    [new Uint8Array([1]).buffer, new Uint8Array([2]).buffer],
    [new Date(5), new Date(6)],
    [/a/g, /a/i],
    [new URL("https://example.com/"), new URL("https://example.org/")],
    [new Point(1, 2), new Point(1, 3)],
    [new Point(1, 2), new OtherPoint(1, 2)],
    [new Point(1, 2), { x: 1, y: 2 }],
    [new Temperature(3), new Temperature(4)],
    [new Error("a"), new Error("b")],
    [new TypeError("a"), new RangeError("a")],
    [circle(1), circle(2)],
    [() => {}, () => {}],
  ];
  for (const [a, b] of pairs) {
    nodeAssert.ok(!equal(a, b), Deno.inspect([a, b]));
    nodeAssert.ok(!equal(b, a), Deno.inspect([b, a]));
    assertNotEquals(a, b);
    fails([["Values are not equal: why", () => assertEquals(a, b, "why")]]);
  }
});

Deno.test("assertEquals() shows the difference", () => {
  fails([
    ["7", () => assertEquals([5, 7], [5, 8])],
    ["8", () => assertEquals([5, 7], [5, 8])],
  ]);
});

Deno.test("equal() refuses what cannot be compared", () => {
  nodeAssert.throws(() => equal(new WeakMap(), new WeakMap()), TypeError);
  nodeAssert.throws(() => equal(new WeakSet(), new WeakSet()), TypeError);
});

Deno.test("assertStrictEquals() and assertNotStrictEquals() compare by Object.is", () => {
  const object = {};
  assertStrictEquals(object, object);
  assertStrictEquals(NaN, NaN);
  assertNotStrictEquals(object, {});
  assertNotStrictEquals(0, -0);
  fails([
    ["same structure", () => assertStrictEquals({}, {})],
    ["not strictly equal: why", () => assertStrictEquals(1, 2, "why")],
    ["not strictly equal", () => assertStrictEquals(0, -0)],
    ["to not be strictly equal", () => assertNotStrictEquals(object, object)],
    ["why", () => assertNotStrictEquals(NaN, NaN, "why")],
  ]);
});

Deno.test("assertExists() takes all but null and undefined", () => {
  for (const value of [0, "", false, NaN, {}]) assertExists(value);
  fails([
    ['"null"', () => assertExists(null)],
    ["why", () => assertExists(undefined, "why")],
  ]);
});

Deno.test("assertInstanceOf() looks at the class", () => {
  assertInstanceOf(new TypeError(), Error);
  assertInstanceOf(new Point(1, 2), Point);
  fails([
    ['"TypeError" but was "Error"', () => {
      assertInstanceOf(new Error(), TypeError);
    }],
    ['was "null"', () => assertInstanceOf(null, Error)],
    ['was "number": why', () => assertInstanceOf(1, Number, "why")],
  ]);
});

Deno.test("assertIsError() looks at the class and the message", () => {
  assertIsError(new TypeError("a b"), TypeError, "b");
  assertIsError(new TypeError("a b"), Error, /^a/);
  assertIsError(new Error());
  fails([
    ["Error object", () => assertIsError("a b")],
    ['instance of "RangeError"', () => {
      assertIsError(new TypeError("a"), RangeError);
    }],
    ['to include "c"', () => assertIsError(new Error("a b"), Error, "c")],
    ['to include /^b/, but got "a b": why', () => {
      assertIsError(new Error("a b"), Error, /^b/, "why");
    }],
  ]);
});

Deno.test("assertThrows() returns what was thrown", () => {
  const raise = () => {
    throw error;
  };
  nodeAssert.equal(assertThrows(raise), error);
  nodeAssert.equal(assertThrows(raise, "why"), error);
  nodeAssert.equal(assertThrows(raise, TypeError), error);
  nodeAssert.equal(assertThrows(raise, Error, "a"), error);
  nodeAssert.equal(
    assertThrows(() => {
      throw "no error";
    }),
    "no error",
  );
});

Deno.test("assertThrows() fails when nothing, or another error, was thrown", () => {
  const raise = () => {
    throw error;
  };
  fails([
    ["Expected function to throw", () => assertThrows(() => {})],
    ["to throw: why", () => assertThrows(() => {}, "why")],
    ["to throw: why", () => assertThrows(() => {}, Error, "", "why")],
    ["to throw", () => assertThrows(() => Promise.resolve())],
    ['instance of "RangeError"', () => assertThrows(raise, RangeError)],
    [
      'to include "c", but got "a b": why',
      () => assertThrows(raise, Error, "c", "why"),
    ],
    ["non-Error object was thrown", () => {
      assertThrows(() => {
        throw "no error";
      }, Error);
    }],
  ]);
});

Deno.test("assertRejects() returns what the promise was rejected with", async () => {
  const raise = () => Promise.reject(error);
  nodeAssert.equal(await assertRejects(raise), error);
  nodeAssert.equal(await assertRejects(raise, "why"), error);
  nodeAssert.equal(await assertRejects(raise, TypeError), error);
  nodeAssert.equal(await assertRejects(raise, Error, "a"), error);
  nodeAssert.equal(
    await assertRejects(() => Promise.reject("no error")),
    "no error",
  );
});

Deno.test("assertRejects() takes any thenable", async () => {
  const thenable: PromiseLike<never> = {
    then: (_, onRejected) => Promise.reject(error).then(null, onRejected),
  };
  nodeAssert.equal(await assertRejects(() => thenable, TypeError), error);
});

Deno.test("assertRejects() fails when the promise is resolved, or rejected otherwise", async () => {
  const raise = () => Promise.reject(error);
  await rejects([
    ["Expected function to reject", () => {
      return assertRejects(() => Promise.resolve());
    }],
    ["to reject: why", () => assertRejects(() => Promise.resolve(), "why")],
    ["throws when expected to reject", () => {
      return assertRejects(() => {
        throw error;
      });
    }],
    ['instance of "RangeError"', () => assertRejects(raise, RangeError)],
    [
      'to include "c", but got "a b": why',
      () => assertRejects(raise, Error, "c", "why"),
    ],
    ["non-Error object was rejected", () => {
      return assertRejects(() => Promise.reject("no error"), Error);
    }],
  ]);
});

Deno.test("assertStringIncludes() and assertMatch() look into a string", () => {
  assertStringIncludes("hello", "ell");
  assertMatch("hello", /^h/);
  fails([
    ['to contain: "x": why', () => assertStringIncludes("hello", "x", "why")],
    ['to match: "/^e/": why', () => assertMatch("hello", /^e/, "why")],
  ]);
});

Deno.test("assertGreater(), assertLess() and the like compare", () => {
  assertGreater(2, 1);
  assertGreaterOrEqual(2, 2);
  assertGreaterOrEqual(2, 1);
  assertLess(1, 2);
  assertLessOrEqual(2, 2);
  assertLessOrEqual(1, 2);
  fails([
    ["1 > 1", () => assertGreater(1, 1)],
    ["0 > 1", () => assertGreater(0, 1)],
    ["0 >= 1", () => assertGreaterOrEqual(0, 1)],
    ["1 < 1", () => assertLess(1, 1)],
    ["1 < 0", () => assertLess(1, 0)],
    ["1 <= 0", () => assertLessOrEqual(1, 0)],
    ["> 1", () => assertGreater(NaN, 1)],
    ["< 1", () => assertLess(NaN, 1)],
    ["why", () => assertGreater(1, 1, "why")],
    ["why", () => assertGreaterOrEqual(0, 1, "why")],
    ["why", () => assertLess(1, 1, "why")],
    ["why", () => assertLessOrEqual(1, 0, "why")],
  ]);
});

Deno.test("assertAlmostEquals() allows the tolerance", () => {
  assertAlmostEquals(0.1 + 0.2, 0.3);
  assertAlmostEquals(1.05, 1, 0.1);
  assertAlmostEquals(Infinity, Infinity);
  fails([
    ["to be close to", () => assertAlmostEquals(1.001, 1)],
    ["to be close to", () => assertAlmostEquals(NaN, 1)],
    [": why", () => assertAlmostEquals(1.2, 1, 0.1, "why")],
  ]);
});

Deno.test("assertArrayIncludes() wants each element, in any order", () => {
  assertArrayIncludes([1, { a: 1 }, 3], [{ a: 1 }, 1]);
  assertArrayIncludes([1], []);
  assertArrayIncludes(new Uint8Array([1, 2]), new Uint8Array([2]));
  fails([
    ["missing: [\n  4,\n]", () => assertArrayIncludes([1, 3], [3, 4])],
    [": why", () => assertArrayIncludes([{ a: 1 }], [{ a: 2 }], "why")],
    ["missing", () => assertArrayIncludes([], [undefined])],
  ]);
});

Deno.test("assertObjectMatch() overlooks what is not expected", () => {
  assertObjectMatch({ a: 1, b: 2 }, { a: 1 });
  assertObjectMatch({ a: { b: 1, c: 2 }, d: 3 }, { a: { b: 1 } });
  assertObjectMatch({ a: [1, { b: 1, c: 2 }, 3] }, { a: [1, { b: 1 }] });
  assertObjectMatch({ a: new Map([["k", { b: 1, c: 2 }]]) }, {
    a: new Map([["k", { b: 1 }]]),
  });
  assertObjectMatch({ a: new Set([1, 2]) }, { a: new Set([1]) });
  assertObjectMatch(new Point(1, 2), { x: 1 });
  assertObjectMatch({ p: new Point(1, 2) }, { p: { y: 2 } });
  assertObjectMatch({ self: circle(1) }, { self: circle(1) });
});

Deno.test("assertObjectMatch() fails where what is expected is missing or differs", () => {
  fails([
    ["not equal", () => assertObjectMatch({ a: 1 }, { a: 2 })],
    ["not equal", () => assertObjectMatch({ a: 1 }, { a: 1, b: 2 })],
    ["not equal", () => assertObjectMatch({}, { a: undefined })],
    ["not equal", () => assertObjectMatch({ a: { b: 1 } }, { a: { b: 2 } })],
    ["not equal", () => assertObjectMatch({ a: 1 }, { a: { b: 2 } })],
    ["not equal", () => assertObjectMatch({ a: [1] }, { a: [1, 2] })],
    ["not equal", () => assertObjectMatch({ a: [2, 1] }, { a: [1, 2] })],
    ["not equal", () => {
      assertObjectMatch({ a: new Set([1]) }, { a: new Set([2]) });
    }],
    ["not equal", () => {
      assertObjectMatch({ a: new Map([["k", 1]]) }, {
        a: new Map([["k", 2]]),
      });
    }],
    ["not equal", () => assertObjectMatch({ a: /a/ }, { a: /b/ })],
    ["not equal", () => {
      assertObjectMatch({ a: new Date(1) }, { a: new Date(2) });
    }],
    ["not equal", () => {
      assertObjectMatch({ self: circle(1) }, { self: circle(2) });
    }],
    [": why", () => assertObjectMatch(new Point(1, 2), { x: 2 }, "why")],
  ]);
});

Deno.test("fail() and unreachable() fail", () => {
  fails([
    ["Failed assertion.", () => fail()],
    ["Failed assertion: why", () => fail("why")],
    ["Unreachable.", () => unreachable()],
    ["Unreachable: why", () => unreachable("why")],
  ]);
});
