import type { BaseStore } from "@langchain/langgraph-checkpoint"
import { Context, Effect, Layer, Option, Schedule } from "effect"
import { AssistantId } from "../../domain/Assistant.ts"
import { OrganizationId, UserId } from "../../domain/Principal.ts"
import type { StoreActor } from "../../domain/StoreScope.ts"
import type { GraphRun } from "../../ports/AgentGraphs.ts"
import { Memberships } from "../../ports/Memberships.ts"
import { StorageUnavailable } from "../../ports/StorageUnavailable.ts"
import { Store } from "../../ports/Store.ts"

/** A run is not to fail for a database that gives way to another: longer than that takes. */
const patience = Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("2 seconds")]).pipe(
  Schedule.jittered,
  Schedule.upTo({ duration: "15 seconds" })
)

/** What the server pinned, as text: a caller's word for it is no evidence. */
const pinned = ({ configuration: { configurable, origins } }: GraphRun, key: string): string | undefined => {
  const value = configurable[key]
  return origins[key] === "server" && typeof value === "string" ? value : undefined
}

/** LangGraph's store, for graphs' runs. */
export class GraphStores extends Context.Service<GraphStores, {
  /** What a run's person has, with the rights they have now; written only for as long as the run is this worker's. */
  readonly forRun: (run: GraphRun) => Effect.Effect<BaseStore, StorageUnavailable>
}>()("throughline/adapters/langgraph/GraphStores") {
  static readonly layer: Layer.Layer<GraphStores, never, Memberships | Store> = Layer.effect(
    GraphStores,
    Effect.gen(function*() {
      const store = yield* Store
      const memberships = yield* Memberships

      return GraphStores.of({
        forRun: Effect.fn("GraphStores.forRun")(function*(run) {
          const user = pinned(run, "user_id")
          if (user === undefined) return yield* Effect.die(new Error(`Run ${run.runId} has no user`))
          const organization = pinned(run, "supabase_organization_id")
          const assistant = AssistantId.make(pinned(run, "assistant_id") ?? run.graphId)
          const userId = UserId.make(user)
          // Nobody's, where it can't be known: what is an organisation's stays closed.
          const principal = yield* Effect.catchTag(
            memberships.principal(userId),
            "AgentsUnreadable",
            () => Effect.succeed({ userId, memberships: [] })
          )
          const actor: StoreActor = {
            principal,
            organization: organization === undefined ? null : OrganizationId.make(organization)
          }
          const writer = { claim: { run_id: run.runId, attempt: run.attempt }, assistant }
          const services = yield* Effect.context()
          const ask = <A, E>(work: Effect.Effect<A, E | StorageUnavailable>): Promise<A> =>
            Effect.runPromiseWith(services)(
              Effect.retry(work, { while: (error) => error instanceof StorageUnavailable, schedule: patience })
            )
          const { GraphStore } = yield* Effect.promise(() => import("./GraphStore.ts"))
          return new GraphStore({
            get: (address) => ask(Effect.map(store.get(address, null, actor), Option.getOrUndefined)),
            search: (query) => ask(store.search(query, actor)),
            namespaces: (query) => ask(store.namespaces(query, actor)),
            write: (writes) => ask(store.writeInRun(writes, actor, writer))
          })
        })
      })
    })
  )
}
