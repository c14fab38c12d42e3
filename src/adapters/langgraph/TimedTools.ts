import { Effect } from "effect"
import type { McpServer } from "../../domain/McpConfig.ts"
import type { RunSteps } from "../../ports/RunSteps.ts"
import type { LoadedTools } from "../../ports/ToolSource.ts"

/** Notes a step for each server, and with what it was there or not. */
export const timedTools = <E, R>(
  steps: RunSteps,
  servers: ReadonlyArray<McpServer>,
  load: Effect.Effect<LoadedTools, E, R>
): Effect.Effect<LoadedTools, E, R> =>
  Effect.suspend(() => {
    const ends = servers.map(({ name }) => steps.begin("tools", name))
    return Effect.tap(load, ({ report }) =>
      Effect.sync(() =>
        ends.forEach((end, index) => {
          const { error = null, ms = null } = report.servers[index] ?? {}
          end({ error, ms })
        })
      ))
  })
