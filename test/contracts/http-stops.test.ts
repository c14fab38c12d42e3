import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { HttpServer } from "effect/http"
import { origin, world } from "./http-world.ts"

const clients = 40

/** The system's word for why a request could not be sent, or was sent in vain. */
const codeOf = (error: unknown): string => {
  const cause = error instanceof Error ? error.cause : undefined
  return typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : String(error)
}

/** Asks without a pause, over connections that are kept, until there is nobody to be asked; answers why it ended. */
const insist = async (url: string, answered: () => void): Promise<string> => {
  for (;;) {
    try {
      const response = await fetch(url, { method: "POST", body: "{}", headers: { "content-type": "application/json" } })
      await response.text()
      answered()
      // As people do: a connection rests now and again, and the next request finds it open or closed.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 3))
    } catch (error) {
      return codeOf(error)
    }
  }
}

describe("a server that is stopped", () => {
  it.live(
    "answers every request that it has taken, and refuses the rest before they are sent",
    () =>
      Effect.gen(function*() {
        const ends = new Map<string, number>()
        for (let round = 0; round < 5; round++) {
          const scope = yield* Scope.make()
          const parts = yield* Layer.buildWithScope(Layer.fresh(world()), scope)
          const url = yield* Effect.provideService(
            origin,
            HttpServer.HttpServer,
            Context.get(parts, HttpServer.HttpServer)
          )
          const many = Promise.withResolvers<void>()
          let count = 0
          const answered = () => ++count === 10 * clients ? many.resolve() : undefined
          const asking = Array.from({ length: clients }, () => insist(`${url}/assistants/search`, answered))
          yield* Effect.promise(() => many.promise)
          yield* Scope.close(scope, Exit.void)
          for (const code of yield* Effect.promise(() => Promise.all(asking))) ends.set(code, (ends.get(code) ?? 0) + 1)
        }
        assert.deepStrictEqual([...ends], [["ECONNREFUSED", 5 * clients]])
      }),
    240_000
  )
})
