/**
 * For tests of how long something takes. A machine that is busy with others may add anything to that, once in a while:
 * a figure that is too large is taken again, twice, and vitest says so. What is too slow by itself is so each time; any
 * other failure counts at once.
 */
export const inTime = {
  timeout: 240_000,
  retry: { count: 2, condition: /expected [\d.]+ to be (below|at most) |[Nn]ot within \d+ ms|did not happen within/ }
}
