import { Command } from "effect/cli"
import { lazily } from "./Lazily.ts"

const install = Command.make("install", {}, lazily(async () => (await import("./Triggers.ts")).install)).pipe(
  Command.withShortDescription("Have the agents' tables tell of changes"),
  Command.withDescription(
    `Puts a trigger on each of the agents' tables that tells running servers, by NOTIFY, that something has changed; what
has changed it doesn't say. DATABASE_URL has to be the owner of those tables. Can be repeated, and done while people write:
none of them waits for longer than a tenth of a second. Exits with 1 if it could not be done, and says why.`
  )
)

const remove = Command.make("remove", {}, lazily(async () => (await import("./Triggers.ts")).remove)).pipe(
  Command.withShortDescription("Take the triggers away, without trace"),
  Command.withDescription("Takes away what install has made, and leaves nothing behind. Can be done at any time.")
)

const status = Command.make("status", {}, lazily(async () => (await import("./Triggers.ts")).status)).pipe(
  Command.withShortDescription("Which tables tell of changes"),
  Command.withDescription("Says of each table whether it tells of changes. Exits with 1 if some do and some don't.")
)

/** `throughline triggers`. */
export const triggersCommand = Command.make("triggers").pipe(
  Command.withShortDescription("Lists that follow at once: triggers on the agents' tables"),
  Command.withDescription(
    `Without anything installed, runs and look-ups see an edit at once and lists within two seconds. With triggers on the
agents' tables, lists see it at once as well. They are the only thing that Throughline ever puts into those tables, and
only this command does it; no write fails because of them, and remove takes them away without trace.`
  ),
  Command.withExamples([
    { command: "throughline triggers install", description: "From now on, lists follow at once" },
    { command: "throughline triggers status", description: "Which tables tell of changes" },
    { command: "throughline triggers remove", description: "As if they had never been there" }
  ]),
  Command.withSubcommands([install, remove, status])
)
