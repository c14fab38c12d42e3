import type { Row } from "./Row.ts"
import { assistants } from "./rows/assistants.ts"
import { assistantVersions } from "./rows/assistantVersions.ts"
import { badInput } from "./rows/badInput.ts"
import { busyThreads } from "./rows/busyThreads.ts"
import { crons } from "./rows/crons.ts"
import { drawings } from "./rows/drawings.ts"
import { graphs } from "./rows/graphs.ts"
import { interrupts } from "./rows/interrupts.ts"
import { meta } from "./rows/meta.ts"
import { protocol } from "./rows/protocol.ts"
import { runAnswers } from "./rows/runAnswers.ts"
import { runOptions } from "./rows/runOptions.ts"
import { runs } from "./rows/runs.ts"
import { stateless } from "./rows/stateless.ts"
import { states } from "./rows/states.ts"
import { stateUpdates } from "./rows/stateUpdates.ts"
import { store } from "./rows/store.ts"
import { strangersThings } from "./rows/strangersThings.ts"
import { streamModes } from "./rows/streamModes.ts"
import { streams } from "./rows/streams.ts"
import { tenancy } from "./rows/tenancy.ts"
import { threads } from "./rows/threads.ts"
import { threadSearches } from "./rows/threadSearches.ts"
import { ui } from "./rows/ui.ts"

/** Everything that clients rely on, a row per method of the SDK and per behaviour. */
export const suite: ReadonlyArray<Row> = [
  ...assistants,
  ...assistantVersions,
  ...drawings,
  ...graphs,
  ...threads,
  ...threadSearches,
  ...states,
  ...stateUpdates,
  ...runs,
  ...runAnswers,
  ...runOptions,
  ...busyThreads,
  ...streams,
  ...streamModes,
  ...stateless,
  ...crons,
  ...store,
  ...interrupts,
  ...ui,
  ...protocol,
  ...tenancy,
  ...strangersThings,
  ...badInput,
  ...meta
]

export const groups: ReadonlyArray<string> = [...new Set(suite.map(({ group }) => group))]
