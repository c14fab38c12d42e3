import { Command } from "effect/cli"
import { lazily } from "./Lazily.ts"

/** `throughline start`. */
export const startCommand = Command.make("start", {}, lazily(async () => (await import("./Start.ts")).start)).pipe(
  Command.withShortDescription("Serve the API and the console"),
  Command.withDescription(
    `Serves the API (/docs) and the console (/console) until Ctrl-C or SIGTERM: then it drains, and exits with 0.
Settings are environment variables: .env.example has them all. Without DATABASE_URL it starts a demo: an embedded
Postgres with two organisations, their agents, and tokens to try them with.`
  ),
  Command.withExamples([
    { command: "throughline start", description: "The demo: nothing else is needed" },
    {
      command: "DATABASE_URL=postgres://… SUPABASE_URL=https://….supabase.co AGENT_SYNC_SCOPE=all throughline start",
      description: "Your agents"
    }
  ])
)
