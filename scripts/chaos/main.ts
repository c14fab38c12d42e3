import { NodeServices } from "@effect/platform-node"
import { Console, Effect, Logger, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { runProgram } from "../../src/app/Program.ts"
import { underChaos } from "./Chaos.ts"
import { kinds, usual } from "./Options.ts"
import { keep, print } from "./Report.ts"

const number = (name: string, fallback: number, about: string) =>
  Flag.Finite(name).pipe(Flag.withDescription(about), Flag.withDefault(fallback))

const whole = (name: string, fallback: number, about: string) =>
  Flag.Int(name).pipe(Flag.withDescription(about), Flag.withDefault(fallback))

const text = (name: string, about: string) => Flag.String(name).pipe(Flag.withDescription(about), Flag.optional)

const say = (line: string) => console.log(line)

const chosen = (only: Option.Option<string>) => {
  const names = Option.match(only, { onNone: () => [...kinds], onSome: (list) => list.split(",") })
  return kinds.filter((kind) => names.includes(kind))
}

const command = Command.make(
  "chaos",
  {
    minutes: number("minutes", 5, "how long there is chaos"),
    seed: Flag.Int("seed").pipe(Flag.withDescription("repeats the decisions of an earlier time"), Flag.optional),
    threads: whole("threads", 200, "conversations at a time"),
    servers: whole("servers", 3, "server processes"),
    think: number("think", 3, "seconds that a client thinks between its messages, on average"),
    only: text("only", `some of ${kinds.join(", ")}, with commas between; or nothing, for none`),
    pace: number("pace", 1, "2: twice as often"),
    databaseUrl: text(
      "database-url",
      "a Postgres to make a database on, which is not restarted; without it, an own one"
    ),
    fault: text("fault", "starts servers with a part that is broken on purpose"),
    entry: text("entry", "another entry point of the servers")
  },
  Effect.fnUntraced(function*({ databaseUrl, entry, fault, minutes, only, pace, seed, servers, think, threads }) {
    const chaosSeed = Option.getOrElse(seed, () => Math.floor(Math.random() * 2 ** 31))
    yield* Console.log(`Seed ${chaosSeed}: ${minutes} min, ${threads} threads, ${servers} servers`)
    const report = yield* Effect.scoped(Effect.gen(function*() {
      const report = yield* underChaos({
        seed: chaosSeed,
        seconds: minutes * 60,
        threads,
        servers,
        databaseUrl: Option.getOrUndefined(databaseUrl),
        every: Object.fromEntries(chosen(only).map((kind) => [kind, usual[kind] / pace])),
        at: {},
        thinkSeconds: think,
        fault: Option.getOrUndefined(fault),
        entry: Option.getOrUndefined(entry),
        say
      })
      // Inside: the servers' logs are gone with the scope.
      yield* Console.log(`Kept in ${yield* Effect.promise(() => keep(report))}`)
      return report
    }))
    print(report, say)
    // The verdict is the last word: a failure would add its own.
    if (report.violations.length > 0) process.exitCode = 1
  })
).pipe(
  Command.withDescription(
    "Kills, freezes and cuts servers and database under load, and checks what became of every run"
  )
)

runProgram(Command.run(command, { version: "0.1.0" }).pipe(Effect.provide([NodeServices.layer, Logger.layer([])])))
