import { Command, Flag } from "effect/cli"
import { lazily } from "./Lazily.ts"

const text = (name: string, about: string) => Flag.String(name).pipe(Flag.withDescription(about), Flag.optional)

const flags = {
  url: text("url", "a running server; without it, one is started with the world of Session 72"),
  token: text("token", "with --url: a member's access token"),
  otherToken: text("other-token", "with --url: one of somebody in another organisation"),
  agent: text("agent", "with --url: the agent's id; without it, the Rechts-Assistent's of Session 72")
}

/** `throughline replay`. */
export const replayCommand = Command.make("replay", flags, lazily(async () => (await import("./Replay.ts")).replay))
  .pipe(
    Command.withShortDescription("Tell Session 72 again"),
    Command.withDescription(
      `Session 72, told again: what happened then, and what happens now, step by step and with the evidence.
Exits with 1 if anything of it happens again.`
    ),
    Command.withExamples([
      { command: "throughline replay", description: "On a server of its own, with an embedded Postgres" },
      { command: "throughline replay --url https://agents.example.com --token \"$TOKEN\"", description: "On yours" }
    ])
  )
