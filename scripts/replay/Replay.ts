import { Console, Data, Effect, Layer, Logger, Option } from "effect"
import { LegalMcp } from "../../src/adapters/demo/LegalMcp.ts"
import { agents } from "../../src/adapters/demo/World.ts"
import { EmbeddedPostgres } from "../../src/adapters/embedded-postgres/EmbeddedPostgres.ts"
import { bad, good } from "../support/Terminal.ts"
import { tellStory } from "./Chapters.ts"
import { ownStage, type Stage } from "./Stage.ts"
import { makeTeller, type Teller } from "./Teller.ts"

class Usage extends Data.TaggedError("Usage")<{}> {
  override readonly message = "--url needs --token: an access token of a member who may use the agent"
}

class BrokenOff extends Data.TaggedError("BrokenOff")<{ readonly url: string; readonly cause: unknown }> {
  override get message() {
    return `The story broke off at ${this.url}: ${this.cause instanceof Error ? this.cause.message : this.cause}`
  }
}

export interface Given {
  readonly url: Option.Option<string>
  readonly token: Option.Option<string>
  readonly otherToken: Option.Option<string>
  readonly agent: Option.Option<string>
}

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

/** Tells the story, and whether it has ended well. */
export const replay = Effect.fn("replay")(function*(given: Given) {
  const tell = makeTeller()
  yield* Effect.scoped(Effect.gen(function*() {
    const stage = yield* stageOf(given)
    yield* Effect.tryPromise({
      try: () => tellStory(stage, tell),
      catch: (cause) => new BrokenOff({ url: stage.url, cause })
    })
  }))
  yield* Console.log(verdict(tell))
  return tell.deviations.length === 0
}, Effect.provide(Logger.layer([])))
