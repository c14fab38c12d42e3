import type { StateSnapshot } from "@langchain/langgraph"

interface Address {
  readonly configurable: Readonly<Record<string, unknown>>
}

/** What we use of a compiled LangGraph graph, whatever its state is. */
export interface Graph {
  stream(input: unknown, config: object): Promise<AsyncIterable<unknown>>
  getState(config: Address): Promise<StateSnapshot>
  getStateHistory(config: Address, options: object): AsyncIterableIterator<StateSnapshot>
  getGraphAsync(config: object): Promise<{ toJSON(): Record<string, unknown> }>
}
