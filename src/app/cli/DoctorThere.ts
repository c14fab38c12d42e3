import { Data, Effect, Option, Redacted, Schema } from "effect"
import { ChainsView } from "../../adapters/http/DoctorApi.ts"
import type { AgentChain } from "../../domain/AgentChain.ts"
import { InvalidSetting } from "../InvalidSetting.ts"
import type { Which } from "../usecases/FoundAgents.ts"
import type { Findings } from "./DoctorReport.ts"
import { bar, progress } from "./Progress.ts"

class ServerSays extends Data.TaggedError("ServerSays")<{ readonly url: string; readonly what: string }> {
  override get message() {
    return `${this.url}: ${this.what}`
  }
}

/** A page is as long as one may be kept waiting for it. */
const pageLength = 25

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(ChainsView))
const decodeRefusal = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Struct({ detail: Schema.Json })))

const refusal = (status: number, body: string): string => {
  const detail = Option.map(
    decodeRefusal(body),
    ({ detail }) => typeof detail === "string" ? detail : JSON.stringify(detail)
  )
  return `HTTP ${status}${Option.match(detail, { onNone: () => "", onSome: (text) => `: ${text}` })}`
}

const pageOf = Effect.fnUntraced(function*(url: string, token: Redacted.Redacted<string>, body: object) {
  const says = (what: string) => new ServerSays({ url, what })
  const { status, text } = yield* Effect.tryPromise({
    try: async (signal) => {
      const response = await fetch(`${url}/doctor`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${Redacted.value(token)}` },
        body: JSON.stringify(body),
        signal
      })
      return { status: response.status, text: await response.text() }
    },
    catch: (error) => {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
      return says(cause instanceof Error ? cause.message : String(cause))
    }
  })
  if (status !== 200) return yield* says(refusal(status, text))
  return yield* Effect.mapError(decode(text), () => says("does not answer as this program's server does"))
})

/** At most one: the API asks for one organisation, and the agents of several are those of each. */
const selections = (which: Which): ReadonlyArray<object> => {
  if (which._tag === "Agents") return [{ agent_ids: which.ids }]
  return which.scope._tag === "Organizations" ? which.scope.ids.map((organization_id) => ({ organization_id })) : [{}]
}

/** Through a server's API, as the token's person. */
export const there = Effect.fnUntraced(function*(
  given: string,
  token: Option.Option<Redacted.Redacted<string>>,
  which: Which,
  dry_run: boolean
) {
  if (!URL.canParse(given)) return yield* new InvalidSetting({ variable: "--url", expected: "a URL" })
  if (Option.isNone(token)) {
    return yield* new InvalidSetting({
      variable: "--token (or THROUGHLINE_TOKEN)",
      expected: "a token of whoever is to look"
    })
  }
  const url = given.replace(/\/+$/, "")
  const chains: Array<AgentChain> = []
  let before = 0
  for (const selection of selections(which)) {
    for (let offset = 0, total = 1; offset < total; offset += pageLength) {
      const page = yield* pageOf(url, token.value, { ...selection, dry_run, limit: pageLength, offset })
      total = page.total
      chains.push(...page.chains)
      yield* progress(bar(chains.length, before + total, "agents"))
    }
    before = chains.length
  }
  return { total: chains.length, chains, leftovers: [], fixed: [] } satisfies Findings
})
