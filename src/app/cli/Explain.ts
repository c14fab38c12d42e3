import { Console, Data, Effect, Option, Schema } from "effect"
import { readFile } from "node:fs/promises"
import { ExplanationView } from "../../adapters/http/ExplanationView.ts"
import { ExplainedRun } from "../../adapters/http/RunRequests.ts"
import { InvalidSetting } from "../InvalidSetting.ts"
import { type Explained, explanationText, problemsIn } from "./ExplainReport.ts"
import { askServer } from "./ServerCall.ts"
import { bothWays, NotTogether, type Ways } from "./Ways.ts"

export interface Given extends Ways {
  readonly assistant: string
  readonly body: Option.Option<string>
}

/** The exit code tells a script; what is wrong is in the output. */
class NotAsMeant extends Data.TaggedError("NotAsMeant")<{ readonly problems: ReadonlyArray<string> }> {
  override get message() {
    return this.problems.join("; ")
  }
}

const refused = ({ as, database, url }: Given): string | undefined => {
  if (Option.isNone(url)) {
    return Option.isNone(as) ? "Say whose run it would be: --as <user id>, or --url with a token" : undefined
  }
  if (Option.isSome(database)) return bothWays
  return Option.isSome(as) ? "--as goes without --url: there the token says whose run it would be" : undefined
}

/** The body as it is sent, checked here already: a mistake in it is the caller's either way. */
const bodyIn = Effect.fnUntraced(function*(file: Option.Option<string>) {
  const text = Option.isNone(file) ? "{}" : yield* Effect.tryPromise({
    try: () => readFile(file.value, "utf8"),
    catch: () => new InvalidSetting({ variable: "--body", expected: "a file that can be read" })
  })
  const asked = yield* Schema.decodeUnknownEffect(Schema.fromJsonString(ExplainedRun))(text).pipe(
    Effect.mapError(({ message }) => new InvalidSetting({ variable: "--body", expected: `a run's body: ${message}` }))
  )
  return { text, asked }
})

/** Each way brings the parts that it is made of. */
const explained = Effect.fnUntraced(function*(given: Given) {
  const body = yield* bodyIn(given.body)
  if (Option.isSome(given.url)) {
    const path = `/assistants/${encodeURIComponent(given.assistant)}/explain`
    return yield* askServer({ ...given, url: given.url.value, path, body: body.text, answer: ExplanationView })
  }
  const { explainHere } = yield* Effect.promise(() => import("./ExplainHere.ts"))
  return yield* explainHere(given, body.asked)
})

export const explain = Effect.fnUntraced(function*(given: Given) {
  const why = refused(given)
  if (why !== undefined) return yield* new NotTogether({ message: why })
  const found: Explained = yield* explained(given)
  yield* Console.log(
    given.json ? JSON.stringify(found, null, 2) : explanationText(found, process.stdout.isTTY, process.stdout.columns)
  )
  const problems = problemsIn(found)
  if (problems.length > 0) return yield* new NotAsMeant({ problems })
})
