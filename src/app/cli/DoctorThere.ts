import { Effect, type Option, type Redacted } from "effect"
import { ChainsView } from "../../adapters/http/DoctorApi.ts"
import type { AgentChain } from "../../domain/AgentChain.ts"
import { triesPerRequest } from "../../domain/Diagnosis.ts"
import type { Which } from "../usecases/FoundAgents.ts"
import type { Findings } from "./DoctorReport.ts"
import { bar, progress } from "./Progress.ts"
import { askServer } from "./ServerCall.ts"

/** As long as one may be kept waiting for it, and each of its agents tried. */
const pageLength = triesPerRequest

/** At most one: the API asks for one organisation, and the agents of several are those of each. */
const selections = (which: Which): ReadonlyArray<object> => {
  if (which._tag === "Agents") return [{ agent_ids: which.ids }]
  return which.scope._tag === "Organizations" ? which.scope.ids.map((organization_id) => ({ organization_id })) : [{}]
}

interface There {
  readonly url: string
  readonly token: Option.Option<Redacted.Redacted<string>>
  readonly dryRun: boolean
}

/** Through a server's API, as the token's person. */
export const there = Effect.fnUntraced(function*({ dryRun, token, url }: There, which: Which) {
  const chains: Array<AgentChain> = []
  let before = 0
  for (const selection of selections(which)) {
    for (let offset = 0, total = 1; offset < total; offset += pageLength) {
      const body = JSON.stringify({ ...selection, dry_run: dryRun, limit: pageLength, offset })
      const page = yield* askServer({ url, token, path: "/doctor", body, answer: ChainsView })
      total = page.total
      chains.push(...page.chains)
      yield* progress(bar(chains.length, before + total, "agents"))
    }
    before = chains.length
  }
  return { total: chains.length, chains, leftovers: [], fixed: [] } satisfies Findings
})
