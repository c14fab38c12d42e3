import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import fc from "fast-check"
import { beginning, commands, type Real } from "./run-commands.ts"
import { RunModel } from "./run-model.ts"
import { type Replica, withRuns } from "./run-world.ts"

it.live(
  "runs, their threads and their line are after anything that happens what a model in memory says",
  () =>
    withRuns(Effect.gen(function*() {
      const real: Real = Effect.runPromiseWith(yield* Effect.context<Replica>())
      const { begin, commands: all } = commands()
      let created = 0
      let ended = 0
      yield* Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(fc.commands(all, { maxCommands: 80, size: "max" }), async (steps) => {
            const model = new RunModel()
            await fc.asyncModelRun(async () => {
              begin(model)
              await real(beginning)
              return { model, real }
            }, steps)
            created += model.created
            ended += model.ends.length
          }),
          { numRuns: 80, interruptAfterTimeLimit: 20_000 }
        )
      )
      yield* Effect.logInfo(`${created} creations, ${ended} ends`)
      assert.isAbove(ended, 50)
    })),
  240_000
)
