import { Command, Flag } from "effect/cli"
import { isUuid } from "../../domain/AssistantId.ts"
import { lazily } from "./Lazily.ts"

const flags = {
  user: Flag.String("user").pipe(
    Flag.withDescription("whose: a user's id in Supabase, the token's sub"),
    Flag.withMetavar("<uuid>"),
    Flag.filter(isUuid, (given) => `a UUID, got "${given}"`)
  ),
  email: Flag.String("email").pipe(Flag.withDescription("the token's email"), Flag.optional),
  expires: Flag.String("expires").pipe(
    Flag.withDescription("how long it is good for: a number and s, m, h or d"),
    Flag.withDefault("1h"),
    Flag.filter((given) => /^[1-9]\d{0,8}[smhd]$/.test(given), (given) => `30m, 12h or the like, got "${given}"`)
  )
}

/** `throughline token`. */
export const tokenCommand = Command.make("token", flags, lazily(async () => (await import("./Token.ts")).token)).pipe(
  Command.withShortDescription("Mint a token, for development"),
  Command.withDescription(
    `Mints an access token as Supabase would give it to a user who signs in, and prints nothing else. For development:
it takes the secret that tokens are signed with, SUPABASE_JWT_SECRET, or the demo's.
Exits with 1 where there is none.`
  ),
  Command.withExamples([
    {
      command: "TOKEN=$(throughline token --user d4e5f6a7-0000-4000-a000-000000000001)",
      description: "A member of the demo's Kanzlei Nord"
    },
    { command: "throughline token --user d4e5f6a7-0000-4000-a000-000000000001 --expires 10m" }
  ])
)
