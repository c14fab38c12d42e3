import { Effect } from "effect"
import type { SyncPlan } from "../domain/AgentSync.ts"
import { syncSummary } from "../domain/AgentSync.ts"
import { agentsSynced } from "./Metrics.ts"
import { reportAgents } from "./usecases/SyncAgents.ts"

type Said = SyncPlan["failed"][number] | SyncPlan["warnings"][number]

const wordsOf = (said: Said) => "reason" in said ? said.reason : said.warning

/**
 * What syncs say one after the other: each failure and each warning once, for as long as it lasts. Whoever edits one
 * agent is not to read about all the others again. Under a title, it also says what was done.
 */
export const agentReports = Effect.gen(function*() {
  /** By agent: a sync may be about a few of them. */
  const said = new Map<string, ReadonlySet<string>>()
  return Effect.fnUntraced(function*(plan: SyncPlan, title: string | undefined) {
    const isNew = (item: Said) => said.get(item.agentId)?.has(wordsOf(item)) !== true
    yield* reportAgents({ failed: plan.failed.filter(isNew), warnings: plan.warnings.filter(isNew) })
    for (const { assistant_id } of [...plan.create, ...plan.update]) said.delete(assistant_id)
    for (const item of [...plan.failed, ...plan.warnings]) {
      said.set(item.agentId, new Set([...said.get(item.agentId) ?? [], wordsOf(item)]))
    }
    if (title === undefined) return
    yield* agentsSynced(plan)
    yield* Effect.logInfo(syncSummary(plan, title)).pipe(Effect.annotateLogs({
      total: plan.total,
      created: plan.create.length,
      updated: plan.update.length,
      skipped: plan.skipped,
      failed: plan.failed.length,
      retired: plan.retire.length,
      ids_written_back: plan.writeBack.length
    }))
  })
})

export type ReportAgents = Effect.Success<typeof agentReports>
