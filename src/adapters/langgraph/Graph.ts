import type { StateSnapshot } from "@langchain/langgraph"
import type { Promised } from "./UnheardPromises.ts"

interface Address {
  readonly configurable: Readonly<Record<string, unknown>>
}

/** Updates that count as one step; `asNode` is whose doing they are. */
interface Superstep {
  readonly updates: Array<{ readonly values: unknown; readonly asNode?: string }>
}

/** It goes on by itself, however it is read, until the output is there. */
export interface EventStream extends AsyncIterable<unknown>, Promised {
  readonly output: PromiseLike<unknown>
}

/** What we use of a compiled LangGraph graph, whatever its state is. */
export interface Graph {
  /** By name, what can be in its state; and some that are LangGraph's own. */
  readonly channels: object
  /** Where it stops, and how many steps it may take, unless a run says otherwise. */
  readonly interruptBefore?: "*" | ReadonlyArray<string>
  readonly interruptAfter?: "*" | ReadonlyArray<string>
  readonly config?: { readonly recursionLimit?: number }
  stream(input: unknown, config: object): Promise<AsyncIterable<unknown>>
  /** Version 2: LangChain's events, what the graph streams among them; 3: events of the streaming protocol. */
  streamEvents(input: unknown, config: object & { readonly version: "v2" }): AsyncIterable<unknown>
  streamEvents(input: unknown, config: object & { readonly version: "v3" }): Promise<EventStream>
  getState(config: Address, options?: { readonly subgraphs: boolean }): Promise<StateSnapshot>
  bulkUpdateState(config: Address, supersteps: Array<Superstep>): Promise<Partial<Address>>
  getStateHistory(config: Address, options: object): AsyncIterableIterator<StateSnapshot>
  getGraphAsync(config: object): Promise<{ toJSON(): Record<string, unknown> }>
}
