import { Command, Flag } from "effect/cli"
import { syncScopeForm } from "../../domain/SyncScope.ts"
import { lazily } from "./Lazily.ts"

const flags = {
  scope: Flag.String("scope").pipe(
    Flag.withDescription(`${syncScopeForm}; without it, AGENT_SYNC_SCOPE`),
    Flag.optional
  ),
  dryRun: Flag.Boolean("dry-run").pipe(
    Flag.withDescription("Only say what would be done"),
    Flag.withDefault(false)
  )
}

/** `throughline sync`. */
export const syncCommand = Command.make("sync", flags, lazily(async () => (await import("./Sync.ts")).sync)).pipe(
  Command.withShortDescription("Make assistants of the agents now"),
  Command.withDescription(
    `Makes the assistants say what the agents' rows say, and writes their ids back to the rows: what a start does for
AGENT_SYNC_SCOPE. Runs look at the rows anyway; this is for lists, and to hear beforehand what is wrong with an agent.
Exits with 1 if an agent could not be synced: the output names it.`
  ),
  Command.withExamples([
    { command: "throughline sync --scope all --dry-run", description: "What it would do, without doing it" },
    { command: "throughline sync --scope org:11111111-1111-4111-a111-111111111111", description: "One organisation" }
  ])
)
