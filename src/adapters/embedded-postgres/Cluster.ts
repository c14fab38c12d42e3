import { Effect } from "effect"
import { access, chown, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import { attempt, type Binaries, run } from "./Binaries.ts"
import { clusterName, UnusableFolder } from "./Folder.ts"

/** Through setpriv, where there is one, a program goes down with a parent that is killed. Busybox's cannot do that. */
export const withParent = Effect.promise(() =>
  run("setpriv", ["--pdeathsig", "INT", "true"]).then(() => ["setpriv", "--pdeathsig", "INT"], (): Array<string> => [])
)

const exists = (path: string) => access(path).then(() => true, () => false)

const draftName = new RegExp(`^${clusterName}\\.(\\d+)-`)

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH")
  }
}

/** What starts left that were killed while they made their cluster. */
const removeDrafts = async (folder: string) => {
  for (const name of await readdir(folder)) {
    const pid = draftName.exec(name)?.[1]
    if (pid === undefined || isAlive(Number(pid))) continue
    await rm(join(folder, name), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}

/**
 * Made elsewhere and put in its place whole: a start that is killed half-way leaves no half of a cluster there. It is not
 * synced, which takes seconds on a busy disk: should the machine itself fail within the half minute that the kernel
 * takes to write it, a cluster is lost that is not older than that.
 */
const make = Effect.fnUntraced(function*({ initdb, user }: Binaries, folder: string) {
  const options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
  const prefix = yield* withParent
  yield* attempt(`initdb in ${folder}`, async () => {
    await removeDrafts(folder)
    const draft = await mkdtemp(join(folder, `${clusterName}.${process.pid}-`))
    if (user.uid !== undefined && user.gid !== undefined) await chown(draft, user.uid, user.gid)
    // In `env`, as there may be nothing to put before it.
    await run("env", [...prefix, initdb, `--pgdata=${draft}`, ...options], { ...user, cwd: "/" })
    // Of two first starts at once, the later finds a cluster there: it goes on with that one.
    await rename(draft, join(folder, clusterName)).catch(() => rm(draft, { recursive: true }))
  })
})

const major = (version: string) => /\d+/.exec(version)?.[0] ?? version

const checkVersion = Effect.fnUntraced(function*({ postgres, user }: Binaries, data: string) {
  const [made, ours] = yield* attempt("Comparing the versions of Postgres", () =>
    Promise.all([
      readFile(join(data, "PG_VERSION"), "utf8").then(major),
      run(postgres, ["--version"], { ...user, cwd: "/" }).then(({ stdout }) => major(stdout))
    ]))
  if (made === ours) return
  return yield* new UnusableFolder({
    expected: `a folder of Postgres ${ours}; ${data} was made by Postgres ${made}. Set another one, or move that away`
  })
})

/** The cluster in a folder: an earlier start's, or a new one. */
export const clusterIn = Effect.fnUntraced(function*(binaries: Binaries, folder: string) {
  const data = join(folder, clusterName)
  if (yield* attempt(`Looking into ${folder}`, () => exists(join(data, "PG_VERSION")))) {
    yield* checkVersion(binaries, data)
  } else {
    yield* make(binaries, folder)
  }
  return data
})
