import { Effect, Option } from "effect"
import type { Agent } from "../../domain/Agent.ts"
import { SyncScope } from "../../domain/SyncScope.ts"
import { AgentSource } from "../../ports/AgentSource.ts"

/** Which agents an operator means. */
export type Which =
  | { readonly _tag: "Scope"; readonly scope: SyncScope }
  | { readonly _tag: "Agents"; readonly ids: ReadonlyArray<string> }

const byName = (left: Agent, right: Agent): number =>
  left.name.localeCompare(right.name) || (left.id < right.id ? -1 : 1)

/** In the order in which people look for them. */
export const inOrder = (agents: ReadonlyArray<Agent>): ReadonlyArray<Agent> => [...agents].sort(byName)

/** The active agents that are meant. */
export const foundAgents = Effect.fn("foundAgents")(function*(which: Which) {
  const source = yield* AgentSource
  if (which._tag === "Scope") return inOrder(yield* source.list(which.scope))
  const found = yield* Effect.forEach(which.ids, (id) => source.find(id), { concurrency: 4 })
  return inOrder(found.flatMap(Option.toArray))
})

/** The scope of what is stored: of single agents nothing but what holds their ids. */
export const scopeOf = (which: Which): SyncScope => which._tag === "Scope" ? which.scope : SyncScope.None()
