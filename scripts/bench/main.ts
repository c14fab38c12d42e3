import { NodeServices } from "@effect/platform-node"
import { Console, Effect, Logger } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { EmbeddedPostgres } from "../../src/adapters/embedded-postgres/EmbeddedPostgres.ts"
import { runProgram } from "../../src/app/Program.ts"
import { bad, good } from "../support/Terminal.ts"
import { checkpoints } from "./Checkpoints.ts"
import { doctor } from "./Doctor.ts"
import { events } from "./Events.ts"
import { lookup } from "./Lookup.ts"
import { memory } from "./Memory.ts"
import { profile } from "./Profile.ts"
import { queue } from "./Queue.ts"
import { readThrough } from "./ReadThrough.ts"
import { reference } from "./Reference.ts"
import { keep, print, type Section } from "./Report.ts"
import { runs } from "./Runs.ts"
import { staleness } from "./Staleness.ts"
import { sync } from "./Sync.ts"

const suites = {
  runs,
  sync,
  lookup,
  memory,
  profile,
  checkpoints,
  events,
  queue,
  "read-through": readThrough,
  staleness,
  doctor,
  reference
}
const names = [
  "runs",
  "sync",
  "lookup",
  "memory",
  "profile",
  "checkpoints",
  "events",
  "queue",
  "read-through",
  "staleness",
  "doctor",
  "reference"
] as const

/** Where a run's time goes is for whoever wants to know; it has no target. The official server is installed on demand. */
const usual = names.filter((name) => name !== "profile" && name !== "reference")

const bench = Command.make(
  "bench",
  {
    suites: Argument.Literals("suite", names).pipe(
      Argument.withDescription("which of them; without any, all but profile and reference"),
      Argument.variadic()
    ),
    quick: Flag.Boolean("quick").pipe(
      Flag.withDescription("fewer rounds: whether it works rather than how fast"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function*({ quick, suites: chosen }) {
    const started = new Date().toISOString()
    const sections: Array<Section> = []
    for (const name of chosen.length === 0 ? usual : chosen) {
      // Each with a Postgres of its own, so that none inherits the other's tables and caches.
      const section = yield* Effect.scoped(suites[name]({ quick })).pipe(
        Effect.provide(EmbeddedPostgres.layer({ fsync: false, maxConnections: 200 }))
      )
      print(section)
      sections.push(section)
      // After each: what has been found is not lost with a later one.
      const file = yield* Effect.promise(() => keep(started, sections, { quick }))
      yield* Console.log(`Kept in ${file}`)
    }
    const missed = sections.flatMap(({ targets }) => targets).filter(({ met }) => !met)
    yield* Console.log(`\n${missed.length === 0 ? good("All targets reached.") : bad(`${missed.length} missed.`)}`)
    if (missed.length > 0) process.exitCode = 1
  })
).pipe(Command.withDescription("What Throughline costs, side by side with what it is compared to"))

runProgram(Command.run(bench, { version: "0.1.0" }).pipe(Effect.provide([NodeServices.layer, Logger.layer([])])))
