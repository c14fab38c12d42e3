import { Context, Effect, Layer, Logger, Option } from "effect"
import { HttpServer } from "effect/http"
import { PgAgentSource } from "../../src/adapters/postgres/PgAgentSource.ts"
import { environment, settings } from "../../src/app/Config.ts"
import type { Parts } from "../../src/app/Parts.ts"
import { runProgram } from "../../src/app/Program.ts"
import { serverLayer } from "../../src/app/ServerLayer.ts"
import { serverSettings } from "../../src/app/ServerSettings.ts"
import { AgentSource, type SeenAgent } from "../../src/ports/AgentSource.ts"
import { Storage } from "../../src/ports/Storage.ts"

// A server in a process of its own, told its environment as JSON: as it is, or one that reads each agent's row once and
// asks the consumer's tables nothing more.

const [, , side = "", env = "{}"] = process.argv

const readOnce = Layer.effect(
  AgentSource,
  Effect.map(AgentSource, (real) => {
    const seen = new Map<string, SeenAgent>()
    return AgentSource.of({
      ...real,
      seenBy: Effect.fnUntraced(function*(id, userId) {
        const known = seen.get(id + userId)
        if (known !== undefined) return known
        const fresh = yield* real.seenBy(id, userId)
        // Not before its id is written back: a row that lacks it is synced again and again.
        if (Option.exists(fresh.agent, ({ assistantId }) => assistantId === id)) seen.set(id + userId, fresh)
        return fresh
      })
    })
  })
).pipe(Layer.provide(PgAgentSource))

const swapped: Partial<Parts> = side === "once" ? { agentSource: readOnce } : {}

runProgram(
  Effect.gen(function*() {
    const server = yield* Layer.build(serverLayer(yield* Effect.flatMap(settings, serverSettings), swapped))
    yield* Context.get(server, Storage).awaitReady
    const { address } = Context.get(server, HttpServer.HttpServer)
    process.once("disconnect", () => process.exit())
    process.send?.({ url: `http://127.0.0.1:${"port" in address ? address.port : 0}` })
    return yield* Effect.never
  }).pipe(Effect.scoped, Effect.provide([environment(JSON.parse(env)), Logger.layer([])]))
)
