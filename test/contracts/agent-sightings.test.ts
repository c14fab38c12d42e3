import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Effect, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { agents } from "../../src/adapters/demo/World.ts"
import { PgAgentSightings } from "../../src/adapters/postgres/PgAgentSightings.ts"
import { sha256 } from "../../src/app/GraphDefaults.ts"
import { syncAgents } from "../../src/app/usecases/SyncAgents.ts"
import { AssistantId } from "../../src/domain/Assistant.ts"
import { SyncScope } from "../../src/domain/SyncScope.ts"
import { AgentGraphs } from "../../src/ports/AgentGraphs.ts"
import { AgentSightings } from "../../src/ports/AgentSightings.ts"
import { inWorld, onTestClock } from "../support/PostgresPorts.ts"

const recht = AssistantId.make(agents.recht)

/** Another server on the same database. */
const another = Effect.map(
  Layer.build(Layer.fresh(PgAgentSightings())),
  (context) => Context.get(context, AgentSightings)
)

const graphs = Layer.mock(AgentGraphs, { names: ["agent"], defaults: () => ({}) })
const synced = Effect.provide(syncAgents(SyncScope.All()), [sha256, graphs])

describe("AgentSightings", () => {
  it.live("know nothing of what nobody has seen", () =>
    inWorld(Effect.gen(function*() {
      const { last, lastAll, leastRecent } = yield* AgentSightings
      for (const nothing of [last(recht), lastAll, leastRecent]) assert.deepStrictEqual(yield* nothing, Option.none())
    })))

  it.live("are this server's own for one assistant, and everybody's for all of them", () =>
    Effect.scoped(inWorld(Effect.gen(function*() {
      const own = yield* AgentSightings
      const other = yield* another
      const seen = new Date("2999-01-01T00:00:00Z")
      yield* own.saw(recht, seen)
      assert.deepStrictEqual(yield* own.last(recht), Option.some(seen))
      assert.deepStrictEqual(yield* other.last(recht), Option.none())

      const asked = new Date("2998-01-01T00:00:00Z")
      yield* own.sawAll(asked)
      assert.deepStrictEqual(yield* other.lastAll, Option.some(asked))
      assert.deepStrictEqual(yield* other.last(recht), Option.some(asked))
    }))))

  it.live("are told the others now and then, and never go back", () =>
    onTestClock(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const sightings = yield* AgentSightings
      const sawAll = Effect.flatMap(Clock.currentTimeMillis, (millis) => sightings.sawAll(new Date(millis)))
      const told = Effect.map(
        sql`select xmin::text as by from langgraph_server.agent_sightings`,
        ([row]) => row?.["by"]
      )
      yield* sawAll
      const first = yield* told
      for (let n = 0; n < 4; n++) {
        yield* TestClock.adjust("1 second")
        yield* sawAll
      }
      assert.strictEqual(yield* told, first)
      yield* sql`update langgraph_server.agent_sightings set all_agreed_at = '2999-01-01T00:00:00Z'`
      yield* TestClock.adjust("1 second")
      yield* sawAll
      const [row] =
        yield* sql`select all_agreed_at = '2999-01-01T00:00:00Z' as kept from langgraph_server.agent_sightings`
      assert.isTrue(row?.["kept"])
    })))

  it.live("include that an assistant was made to agree", () =>
    inWorld(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const { last, leastRecent } = yield* AgentSightings
      yield* synced
      yield* sql`update langgraph_server.assistants set synced_at = '2001-01-01T00:00:00Z' where id = ${agents.expose}`
      const [row] = yield* sql`select synced_at as at from langgraph_server.assistants where id = ${agents.recht}`
      assert.deepStrictEqual(yield* last(recht), Option.some(row?.["at"]))
      assert.deepStrictEqual(yield* leastRecent, Option.some(new Date("2001-01-01T00:00:00Z")))
    })))
})
