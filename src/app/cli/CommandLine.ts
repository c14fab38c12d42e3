import { Data, Effect, Layer, Runtime } from "effect"
import { CliConfig, CliOutput, Command, GlobalFlag } from "effect/cli"
import packageJson from "../../../package.json" with { type: "json" }
import { processEnvironment } from "../ProcessEnvironment.ts"
import { doctorCommand } from "./DoctorCommand.ts"
import { explainCommand } from "./ExplainCommand.ts"
import { formatter, presenter } from "./HelpPages.ts"
import { replayCommand } from "./ReplayCommand.ts"
import { startCommand } from "./StartCommand.ts"
import { syncCommand } from "./SyncCommand.ts"
import { tokenCommand } from "./TokenCommand.ts"
import { triggersCommand } from "./TriggersCommand.ts"

/** In the order in which people come to need them. */
const commands = [
  startCommand,
  syncCommand,
  doctorCommand,
  explainCommand,
  triggersCommand,
  tokenCommand,
  replayCommand
] as const

const root = Command.make("throughline").pipe(
  Command.withDescription(
    `Throughline runs the AI agents that a team keeps as rows in its Supabase/Postgres database: what the row says is what
the graph runs with, for exactly the people who may use it, and it can show why.
Settings are environment variables (.env.example); DATABASE_URL says whose agents it is about.
"throughline <command> --help" says what a command is for, with examples.`
  ),
  Command.withExamples([
    { command: "throughline start", description: "The server; without DATABASE_URL, with a demo world" },
    { command: "throughline doctor", description: "What keeps an agent from answering as its row says" },
    {
      command: "throughline explain a0000000-0000-4000-a000-000000000002 --as d4e5f6a7-0000-4000-a000-000000000001",
      description: "Why it behaves as it does"
    },
    { command: "eval \"$(throughline --completions bash)\"", description: "The Tab key completes words in this shell" }
  ]),
  Command.withSubcommands(commands),
  Command.provide(processEnvironment)
)

/** Said already, with where to look; exit code 2 is for whoever wrote the command line. */
class Misunderstood extends Data.TaggedError("Misunderstood")<{}> {
  override readonly [Runtime.errorExitCode] = 2
  override readonly [Runtime.errorReported] = false
}

/** `throughline <words>`. */
export const throughline = (words: ReadonlyArray<string>) =>
  Command.runWith(root, { version: packageJson.version })(words).pipe(
    Effect.catchTag("ShowHelp", ({ errors }) => errors.length > 0 ? Effect.fail(new Misunderstood()) : Effect.void),
    Effect.provide(Layer.mergeAll(
      CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions] }),
      CliOutput.layer(formatter),
      CliOutput.layerPresenter(presenter)
    ))
  )
