import { Effect } from "effect"

/**
 * A handler whose module is loaded when it is called. Each brings the parts that it is made of: a start is to load the
 * server's and no others, and a help page none.
 */
export const lazily =
  <Given, A, E, R>(load: () => Promise<(given: Given) => Effect.Effect<A, E, R>>) => (given: Given) =>
    Effect.flatMap(Effect.promise(load), (handle) => handle(given))
