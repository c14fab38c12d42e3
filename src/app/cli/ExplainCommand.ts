import { Argument, Command, Flag } from "effect/cli"
import { lazily } from "./Lazily.ts"
import { jsonFlag, wayFlags } from "./Ways.ts"

const given = {
  assistant: Argument.String("assistant").pipe(
    Argument.withDescription("The agent's id, its assistant's, which is the same, or a graph's name")
  ),
  ...wayFlags,
  body: Flag.String("body").pipe(
    Flag.withDescription("A file with the run's body as JSON: what it would set (config, context, metadata)"),
    Flag.optional
  ),
  json: jsonFlag("The whole of it")
}

/** `throughline explain`. */
export const explainCommand = Command.make(
  "explain",
  given,
  lazily(async () => (await import("./Explain.ts")).explain)
).pipe(
  Command.withShortDescription("Show what a run of an agent would get, and why"),
  Command.withDescription(
    `What a run by this person would get, now: every key of its configuration with its value, where it comes from and what
it overrides or why it was not taken; the model and whether its key is there; each tool server, asked now; the agents that
it may call; and through what the person sees the agent at all. Secrets are shown as present or absent, never as they are.
Nothing is made: no run, no thread, and the model is not asked.
Exits with 1 if a run could not begin, or would lack a server's tools or an agent.`
  ),
  Command.withExamples([
    {
      command: "throughline explain a0000000-0000-4000-a000-000000000002 --as d4e5f6a7-0000-4000-a000-000000000001",
      description: "Out of DATABASE_URL, for a person"
    },
    {
      command: "throughline explain a0000000-0000-4000-a000-000000000002 --url https://agents.example.com --json",
      description: "By a server, for whoever THROUGHLINE_TOKEN is of"
    },
    {
      command: "throughline explain agent --url http://127.0.0.1:8081 --body run.json",
      description: "With what a run would set itself"
    }
  ])
)
