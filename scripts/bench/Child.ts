import { Effect } from "effect"
import { fork } from "node:child_process"

/** A process that one talks to by messages: each request has one answer. The first answer comes unasked: it is ready. */
export const child = Effect.fnUntraced(function*(script: string, args: ReadonlyArray<string> = []) {
  const worker = yield* Effect.acquireRelease(
    Effect.sync(() => fork(new URL(script, import.meta.url), args)),
    (worker) => Effect.sync(() => worker.kill())
  )
  let reply = Promise.withResolvers<unknown>()
  worker.on("message", (message) => reply.resolve(message))
  worker.once("exit", (code) => reply.reject(new Error(`${script} ended with ${code}`)))
  const ready = yield* Effect.promise(() => reply.promise)
  return {
    ready,
    ask: (request: object) => {
      reply = Promise.withResolvers()
      worker.send(request)
      return reply.promise
    }
  }
})
