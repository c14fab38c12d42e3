import { Effect, Schema } from "effect"
import { createHash } from "node:crypto"
import { chmod, mkdir, mkdtemp, readdir, realpath, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, dirname, join, resolve } from "node:path"
import { attempt, clusterUser, reason, run } from "./Binaries.ts"

/** A folder that the cluster can't live in. `expected` goes on after "must be": what is set differs from asker to asker. */
export class UnusableFolder extends Schema.TaggedError<UnusableFolder>()("UnusableFolder", {
  expected: Schema.String
}) {
  override get message() {
    return `The folder of the embedded Postgres must be ${this.expected}`
  }
}

/** Beside it, whoever asked for the folder may keep files of their own. */
export const clusterName = "postgres"

/** The cluster's user only passes through to its own folder, which is closed to all others. */
const mode = clusterUser.uid === undefined ? 0o700 : 0o711

const canEnter = (path: string) =>
  Effect.promise(() => run("test", ["-x", path], { ...clusterUser, cwd: "/" }).then(() => true, () => false))

/** In the working directory, or, where root works in a folder of root's alone, where its Postgres can get to. */
export const defaultFolder = Effect.gen(function*() {
  const here = process.cwd()
  if (clusterUser.uid === undefined || (yield* canEnter(here))) return join(here, ".throughline")
  const digest = createHash("sha256").update(here).digest("hex").slice(0, 8)
  return join("/var/lib/throughline", `${basename(here)}-${digest}`)
})

export const temporaryFolder = Effect.acquireRelease(
  attempt("Making a temporary folder", async () => {
    const path = await mkdtemp(join(tmpdir(), "throughline-postgres-"))
    await chmod(path, mode)
    return path
  }),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

const make = async (path: string) => {
  const first = await mkdir(path, { recursive: true })
  if (first === undefined) return
  for (let made = path; made.length >= first.length; made = dirname(made)) await chmod(made, mode)
}

/** A folder for one cluster, now and at the next starts. Nothing is put, or opened, among files that are not ours. */
export const keptFolder = Effect.fnUntraced(function*(given: string) {
  const path = resolve(given)
  const use = (evaluate: () => Promise<string>) =>
    Effect.tryPromise({
      try: evaluate,
      catch: (cause) => new UnusableFolder({ expected: `a folder that can be used; ${path}: ${reason(cause)}` })
    })
  const folder = yield* use(() => make(path).then(() => realpath(path)))
  const names = (yield* attempt(`Reading ${folder}`, () => readdir(folder))).filter((name) => name !== "lost+found")
  if (names.length > 0 && !names.some((name) => name.startsWith(clusterName))) {
    return yield* new UnusableFolder({ expected: `a folder of its own, new or empty; ${folder} holds other things` })
  }
  if (yield* canEnter(folder)) return folder
  yield* use(() => chmod(folder, mode).then(() => folder))
  if (yield* canEnter(folder)) return folder
  return yield* new UnusableFolder({
    expected: `a folder that "nobody" can reach, as whom root has to run Postgres; ${folder} can't be reached`
  })
})
