import { NodeServices } from "@effect/platform-node"
import { Console, Data, Effect, Layer, Logger, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { LegalMcp } from "../src/adapters/demo/LegalMcp.ts"
import { agents } from "../src/adapters/demo/World.ts"
import { EmbeddedPostgres } from "../src/adapters/embedded-postgres/EmbeddedPostgres.ts"
import { runProgram } from "../src/app/Program.ts"
import { tellStory } from "./replay/Chapters.ts"
import { ownStage, type Stage } from "./replay/Stage.ts"
import { makeTeller, type Teller } from "./replay/Teller.ts"
import { bad, good } from "./support/Terminal.ts"

class Usage extends Data.TaggedError("Usage")<{}> {
  override readonly message = "--url needs --token: an access token of a member who may use the agent"
}

class BrokenOff extends Data.TaggedError("BrokenOff")<{ readonly url: string; readonly cause: unknown }> {
  override get message() {
    return `The story broke off at ${this.url}: ${this.cause instanceof Error ? this.cause.message : this.cause}`
  }
}

const text = (name: string, about: string) => Flag.String(name).pipe(Flag.withDescription(about), Flag.optional)

const flags = {
  url: text("url", "a running server; without it, one is started with the world of Session 72"),
  token: text("token", "with --url: a member's access token"),
  otherToken: text("other-token", "with --url: one of somebody in another organisation"),
  agent: text("agent", "with --url: the agent's id; without it, the Rechts-Assistent's of Session 72")
}

type Given = { readonly [K in keyof typeof flags]: Option.Option<string> }

const stageOf = Effect.fnUntraced(function*({ agent, otherToken, token, url }: Given) {
  if (Option.isNone(url)) {
    yield* Console.log("Starting a server with the world of Session 72 …")
    return yield* Effect.provide(ownStage, yield* Layer.build(ownWorld))
  }
  if (Option.isNone(token)) return yield* new Usage()
  return {
    url: url.value.replace(/\/+$/, ""),
    agent: Option.getOrElse(agent, () => agents.recht),
    member: token.value,
    other: Option.getOrUndefined(otherToken),
    inside: undefined
  } satisfies Stage
})

const verdict = ({ count, deviations }: Teller) => {
  if (deviations.length === 0) return `\n${good("Session 72 does not happen:")} all ${count()} checks hold.`
  const named = deviations.map((deviation) => `${bad("deviation")} ${deviation}`)
  return ["", ...named, `${bad("Session 72 happens:")} ${named.length} of ${count()} checks do not hold.`].join("\n")
}

/** Built when it is used: against a server somewhere else, nothing is started here. */
const ownWorld = Layer.provideMerge(LegalMcp.layer, EmbeddedPostgres.layer({ fsync: false }))

const replay = Command.make(
  "replay",
  flags,
  Effect.fnUntraced(function*(given) {
    const tell = makeTeller()
    yield* Effect.scoped(Effect.gen(function*() {
      const stage = yield* stageOf(given)
      yield* Effect.tryPromise({
        try: () => tellStory(stage, tell),
        catch: (cause) => new BrokenOff({ url: stage.url, cause })
      })
    }))
    yield* Console.log(verdict(tell))
    // The verdict is the last word: a failure would add its own.
    if (tell.deviations.length > 0) process.exitCode = 1
  })
).pipe(Command.withDescription("Session 72, told again: what happened then, and what happens now"))

runProgram(Command.run(replay, { version: "0.1.0" }).pipe(Effect.provide([NodeServices.layer, Logger.layer([])])))
