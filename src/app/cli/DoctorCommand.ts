import { Command, Flag } from "effect/cli"
import { lazily } from "./Lazily.ts"
import { jsonFlag, wayFlags } from "./Ways.ts"

const flags = {
  ...wayFlags,
  agent: Flag.String("agent").pipe(Flag.withDescription("One agent by its id; may be repeated"), Flag.atLeast(0)),
  org: Flag.String("org").pipe(
    Flag.withDescription("The agents of one organisation by its id; may be repeated"),
    Flag.atLeast(0)
  ),
  all: Flag.Boolean("all").pipe(
    Flag.withDescription("All agents: what is meant where nothing else is said"),
    Flag.withDefault(false)
  ),
  json: jsonFlag("The chains"),
  fix: Flag.Boolean("fix").pipe(
    Flag.withDescription("Mend what can be mended without asking anybody, and say each thing (with --database)"),
    Flag.withDefault(false)
  ),
  dryRun: Flag.Boolean("dry-run").pipe(
    Flag.withDescription("Ask each agent's model for a word, with its prompt and tools; --no-dry-run leaves that out"),
    Flag.withDefault(true)
  ),
  modelTimeout: Flag.Int("model-timeout").pipe(
    Flag.withDescription("How many seconds a model may take for that word"),
    Flag.withDefault(20)
  )
}

/** `throughline doctor`. */
export const doctorCommand = Command.make(
  "doctor",
  flags,
  lazily(async () => (await import("./Doctor.ts")).doctor)
).pipe(
  Command.withShortDescription("Find out what keeps an agent from answering as its row says"),
  Command.withDescription(
    `Walks each agent's chain link by link: row complete, model resolvable, synced, id written back, visible to whom,
configuration equal to the row, servers reachable, tools listed, and a dry run that asks its model for a word. One line an
agent, and below it the first broken link of each with what to do about it. With --fix it repairs what is safe: syncs,
ids in rows, retired assistants, and what an old runtime or front end left behind, whose threads go on with the agent.
Exits with 1 if anything is broken, so that CI can ask it.`
  ),
  Command.withExamples([
    { command: "throughline doctor", description: "All agents of DATABASE_URL" },
    { command: "throughline doctor --org 11111111-1111-4111-a111-111111111111 --no-dry-run", description: "No model" },
    { command: "throughline doctor --url https://agents.example.com --json", description: "A server's, as its user" },
    { command: "throughline doctor --fix", description: "Mend what is safe to mend" }
  ])
)
