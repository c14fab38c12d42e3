import { Context, Effect, Exit, Layer, Logger, Redacted, Scope } from "effect"
import { RunQueue, type RunWorker } from "../../src/ports/RunQueue.ts"
import { bossReplica } from "./boss-replica.ts"

/** A worker that can be frozen and killed: a process of its own, whose runs go on until they are asked to stop. */
const [url = ""] = process.argv.slice(2)

const worker: RunWorker = {
  execute: Effect.fnUntraced(function*({ redelivered, run_id }, stop) {
    console.log(`taken ${run_id} ${redelivered}`)
    const told = yield* stop
    console.log(`told ${run_id} ${told._tag}`)
    return told._tag === "Leaving" ? "again" : "gone"
  }),
  stopRequests: () => Effect.succeed([])
}

const scope = Scope.makeUnsafe()
process.once("SIGTERM", () => void Effect.runPromise(Scope.close(scope, Exit.void)).then(() => process.exit(0)))

await Effect.runPromise(
  Layer.build(bossReplica(Redacted.make(url), { concurrency: 1 })).pipe(
    Effect.map(Context.get(RunQueue)),
    Effect.tap((queue) => queue.work(worker)),
    Effect.tap(({ replica }) => Effect.sync(() => console.log(`replica ${replica}`))),
    Scope.provide(scope),
    Effect.provide(Logger.layer([]))
  )
)
