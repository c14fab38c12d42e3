import { Effect, Option, Redacted } from "effect"
import type { Given } from "../../src/app/cli/DoctorFlags.ts"
import { here } from "../../src/app/cli/DoctorHere.ts"
import type { Findings } from "../../src/app/cli/DoctorReport.ts"
import { environment } from "../../src/app/Config.ts"
import type { Which } from "../../src/app/usecases/FoundAgents.ts"
import { SyncScope } from "../../src/domain/SyncScope.ts"
import type { Throughline } from "./Throughline.ts"

type At = Pick<Throughline, "databaseUrl" | "model">

const usual: Given = {
  url: Option.none(),
  token: Option.none(),
  database: Option.none(),
  agent: [],
  org: [],
  all: false,
  as: Option.none(),
  json: false,
  fix: false,
  dryRun: true,
  modelTimeout: 5
}

export const everything: Which = { _tag: "Scope", scope: SyncScope.All() }

/** What the command needs to find in its environment. */
export const doctorsEnvironment = ({ databaseUrl, model }: At): Readonly<Record<string, string>> => ({
  DATABASE_URL: databaseUrl,
  OPENAI_API_KEY: "sk-server-key-canary",
  OPENAI_BASE_URL: model.url
})

/** `throughline doctor --database …`, without a process of its own. */
export const examine = (world: At, given: Partial<Given> = {}, which: Which = everything): Promise<Findings> =>
  Effect.runPromise(
    here({ ...usual, ...given, database: Option.some(Redacted.make(world.databaseUrl)) }, which).pipe(
      Effect.provide(environment(doctorsEnvironment(world)))
    )
  )

/** The faults of each agent that has any, by its name. */
export const faultsIn = ({ chains }: Pick<Findings, "chains">): Readonly<Record<string, ReadonlyArray<string>>> =>
  Object.fromEntries(
    chains.map(({ links, name }) => [name, links.flatMap(({ faults }) => faults)] as const)
      .filter(([, faults]) => faults.length > 0)
  )
