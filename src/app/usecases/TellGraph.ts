import { Effect } from "effect"
import type { JsonObject } from "../../domain/Json.ts"
import type { Run, ToolReport } from "../../domain/Run.ts"
import type { GraphSignal } from "../../ports/AgentGraphs.ts"
import type { RunEvent, RunEvents } from "../../ports/RunEvents.ts"

const unavailable = ({ servers }: ToolReport) => servers.filter((server) => server.error !== null)

/** Passes on what a running graph tells: frames in the batches they come in, its tools to the run; keeps how it ended. */
export const tellGraph = (
  run: Run,
  events: RunEvents["Service"],
  noteTools: (report: ToolReport) => Effect.Effect<void>
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
        yield* noteTools(signal.report)
        const servers = unavailable(signal.report)
        if (servers.length > 0) frames.push({ event: "tools/unavailable", data: JSON.stringify({ servers }) })
      } else Object.assign(end, { interrupts: signal.interrupts, waiting: signal.waiting, values: signal.values })
    }
    if (frames.length > 0) yield* events.publish(run, frames)
  })
  return { take, end }
}
