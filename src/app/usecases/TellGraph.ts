import { Effect } from "effect"
import type { JsonObject } from "../../domain/Json.ts"
import type { Run } from "../../domain/Run.ts"
import type { ToolReport } from "../../domain/ToolReport.ts"
import type { GraphSignal } from "../../ports/AgentGraphs.ts"
import type { RunEvent, RunEvents } from "../../ports/RunEvents.ts"

/** What the run was to have and has not: tool servers, and agents where it names some. */
const unavailable = ({ agents, servers }: ToolReport) => ({
  servers: servers.filter((server) => server.error !== null),
  ...(agents === undefined ? {} : { agents: agents.filter((agent) => agent.error !== null) })
})

/** Passes on what a running graph tells: frames in the batches they come in, its tools to the run; keeps how it ended. */
export const tellGraph = (
  run: Run,
  events: RunEvents["Service"],
  equipped: (report: ToolReport) => void
) => {
  const end: { interrupts: JsonObject; waiting: boolean; values: string } = {
    interrupts: {},
    waiting: false,
    values: "null"
  }
  const take = Effect.fnUntraced(function*(signals: ReadonlyArray<GraphSignal>) {
    const frames: Array<RunEvent> = []
    for (const signal of signals) {
      if (signal._tag === "Frame") frames.push({ event: signal.event, data: signal.data })
      else if (signal._tag === "Tools") {
        equipped(signal.report)
        const missing = unavailable(signal.report)
        if (missing.servers.length + (missing.agents?.length ?? 0) > 0) {
          frames.push({ event: "tools/unavailable", data: JSON.stringify(missing) })
        }
      } else Object.assign(end, { interrupts: signal.interrupts, waiting: signal.waiting, values: signal.values })
    }
    if (frames.length > 0) yield* events.publish(run, frames)
  })
  return { take, end }
}
