import { Effect, Redacted } from "effect"
import { randomBytes, randomUUID } from "node:crypto"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { demoSecret, mintToken } from "../../src/adapters/demo/DemoTokens.ts"
import { agents, people } from "../../src/adapters/demo/World.ts"
import { chaosDatabase, giveTools, observer as observing } from "./Database.ts"
import { drive } from "./Drive.ts"
import { makeExecuting } from "./Executing.ts"
import { type ChaosOptions, heartbeatSeconds } from "./Options.ts"
import { fixedPort } from "./Ports.ts"
import { reportOf } from "./Report.ts"
import { restartablePostgres } from "./RestartablePostgres.ts"
import { keepServer } from "./Servers.ts"
import { countingTools, deadUrl, scriptedModel } from "./Surroundings.ts"
import { makeTimeline } from "./Timeline.ts"

const program = new URL("../../src/app/throughline.ts", import.meta.url).pathname
const faulty = new URL("./faulty-server.ts", import.meta.url).pathname

/** As package.json's `start` has it. */
const asNpmStart = ["--max-semi-space-size=32"]

const commandOf = ({ entry, fault }: ChaosOptions) => [
  ...asNpmStart,
  ...(fault !== undefined ? [faulty, fault] : entry !== undefined ? [entry] : [program, "start"])
]

const temporaryFolder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "throughline-chaos-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

/** Kills may not be what a run ends with; nor may waiting for its turn. */
const limits = {
  RUN_HEARTBEAT_SECONDS: String(heartbeatSeconds),
  RUN_MAX_ATTEMPTS: "50",
  RUNS_PER_ORGANISATION: "100000",
  RUNS_WAITING_PER_ORGANISATION: "1000000",
  // All logs are looked at once more at the end.
  RUN_EVENTS_KEEP_RUNS: "10000000",
  // Long enough for some runs to end, too short for others.
  SHUTDOWN_TIMEOUT_SECONDS: "2"
}

/** A Throughline of several servers with everything around it, struck for a while; and what became of it. */
export const underChaos = Effect.fn("underChaos")(function*(options: ChaosOptions) {
  const timeline = makeTimeline(options.say)
  const executing = makeExecuting()
  const { close: _close, effects, url: counting } = yield* countingTools(options.seed)
  const postgres = options.databaseUrl === undefined ? yield* restartablePostgres : undefined
  const databaseUrl = yield* chaosDatabase(
    options.databaseUrl ?? postgres?.url("postgres") ?? "",
    `chaos_${randomUUID().replaceAll("-", "")}`,
    { counting, dead: yield* deadUrl }
  )
  const observer = yield* observing(databaseUrl)
  yield* Effect.promise(() => giveTools(observer))

  const folder = yield* temporaryFolder
  const secret = yield* demoSecret
  const env = {
    ...limits,
    DATABASE_URL: databaseUrl,
    SUPABASE_JWT_SECRET: Redacted.value(secret),
    SECRETS_KEY: randomBytes(32).toString("base64url"),
    AGENT_SYNC_SCOPE: "all",
    OPENAI_API_KEY: "sk-scripted",
    LOG_FORMAT: "json",
    LOG_LEVEL: "warn"
  }
  const server = Effect.fnUntraced(function*(name: string) {
    const model = yield* scriptedModel(executing.asked(name))
    const port = yield* Effect.promise(fixedPort)
    return yield* Effect.acquireRelease(
      Effect.sync(() =>
        keepServer({
          name,
          port,
          command: commandOf(options),
          env: { ...env, OPENAI_BASE_URL: model.url },
          logFile: join(folder, `${name}.log`),
          timeline
        })
      ),
      ({ close }) => Effect.promise(close)
    )
  })
  const first = yield* server("server-1")
  const others = yield* Effect.forEach(
    Array.from({ length: options.servers - 1 }, (_, index) => `server-${index + 2}`),
    server
  )

  const tokenOf = (userId: string) => Effect.map(mintToken({ secret, userId }), Redacted.value)
  const member = yield* tokenOf(people.member)
  const other = yield* tokenOf(people.otherOrganisation)
  const speakers = [
    { token: member, agent: agents.recht },
    { token: other, agent: agents.expose },
    // One of its servers is dead, and wants the caller's token: its runs have a home.
    { token: member, agent: agents.dokumente },
    { token: other, agent: agents.expose }
  ]

  const { evidence, found, notes } = yield* Effect.promise((interrupted) =>
    drive({
      options,
      servers: [first, ...others],
      postgres,
      observer,
      executing,
      timeline,
      effects,
      speakers,
      interrupted
    })
  )
  return reportOf({
    options,
    timeline,
    executing,
    notes,
    found,
    evidence,
    complaints: postgres?.complaints ?? new Map<string, number>(),
    logFiles: [first, ...others].map(({ logFile }) => logFile)
  })
})
