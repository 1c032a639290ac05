/**
 * Finds the Python that tests and benchmarks compare this library with.
 *
 * @module
 */

/** A Python 3 interpreter of this machine. */
export interface Python {
  /** The program and the arguments that come before the script's. */
  readonly command: string[];
  /** For instance `3.14.0`. */
  readonly version: string;
}

// By version first, as a system's python3 is often not its newest.
const CANDIDATES = [
  ...[20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9].map((minor) =>
    `python3.${minor}`
  ),
  "python3",
  "python",
];

const WHO_ARE_YOU = `import sys
print("%d.%d.%d" % sys.version_info[:3])
print(sys.executable or "")`;

/**
 * Finds an interpreter: the one that the environment variable `ASYNCIO_PYTHON`
 * names, otherwise the newest one on the `PATH`.
 *
 * Needs `--allow-env=ASYNCIO_PYTHON` and `--allow-run`.
 *
 * @param candidates The programs to ask if the environment names none.
 * @param variable The environment variable.
 * @returns The interpreter, or null if there is none.
 * @throws {Error} If the variable does not name a Python 3.
 *
 * @example Run a script, where there is Python
 * ```ts
 * import { findPython } from "./python.ts";
 *
 * const python = await findPython();
 * if (python !== null) {
 *   const [program, ...args] = python.command;
 *   await new Deno.Command(program!, { args: [...args, "-c", "pass"] }).output();
 * }
 * ```
 */
export async function findPython(
  candidates: readonly string[] = CANDIDATES,
  variable = "ASYNCIO_PYTHON",
): Promise<Python | null> {
  const chosen = Deno.env.get(variable);
  if (chosen) {
    const python = await ask(chosen);
    if (python !== null) return python;
    throw new Error(
      `ASYNCIO_PYTHON must name a Python 3 interpreter, but it is "${chosen}"`,
    );
  }
  const found = await Promise.all(candidates.map(ask));
  return found.filter((python) => python !== null).reduce<Python | null>(
    (best, python) =>
      best === null || isNewer(python.version, best.version) ? python : best,
    null,
  );
}

async function ask(program: string): Promise<Python | null> {
  try {
    const { success, stdout } = await new Deno.Command(program, {
      args: ["-c", WHO_ARE_YOU],
      stdin: "null",
      stderr: "null",
    }).output();
    if (!success) return null;
    const [version = "", executable = ""] = new TextDecoder().decode(stdout)
      .split(/\r?\n/);
    if (!/^3\.\d+\.\d+$/.test(version)) return null;
    // The interpreter itself: the program found may be a slow wrapper of it.
    return { command: [executable || program], version };
  } catch (error) {
    if (
      error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.PermissionDenied
    ) return null;
    throw error;
  }
}

function isNewer(version: string, other: string): boolean {
  return version.localeCompare(other, "en", { numeric: true }) > 0;
}
