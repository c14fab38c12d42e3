import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { access, chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Client } from "pg"
import { clusterUser, findBinaries } from "../../src/adapters/embedded-postgres/Binaries.ts"
import { EmbeddedPostgres } from "../../src/adapters/embedded-postgres/EmbeddedPostgres.ts"
import { startNode } from "../support/Processes.ts"
import { isAlive } from "../support/ServerProcesses.ts"

const query = (url: Redacted.Redacted<string>, sql: string) =>
  Effect.acquireUseRelease(
    Effect.promise(async () => {
      const client = new Client({ connectionString: Redacted.value(url) })
      await client.connect()
      return client
    }),
    (client) => Effect.promise(() => client.query(sql).then(({ rows }) => rows)),
    (client) => Effect.promise(() => client.end())
  )

const onCluster = (options: Parameters<typeof EmbeddedPostgres.layer>[0], ...statements: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { url } = yield* EmbeddedPostgres
    return yield* Effect.forEach(statements, (sql) => query(url("postgres"), sql))
  }).pipe(Effect.provide(EmbeddedPostgres.layer(options)))

const folderNamed = (name: string) =>
  Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), name))),
    // A Postgres that outlives its killed owner for a moment may write into it yet.
    (path) => Effect.promise(() => rm(path, { recursive: true, maxRetries: 20, retryDelay: 100 }))
  )

const keptFolder = folderNamed("throughline-test-")

const refusal = (directory: string) => Effect.map(Effect.flip(onCluster({ directory })), ({ message }) => message)

const tick = () => new Promise((resolve) => setTimeout(resolve, 20))

/** A process that keeps a row in a folder, once it has; killed at the end if it was not before. */
const ownerOf = (directory: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const owner = startNode([new URL("cluster-owner.ts", import.meta.url).pathname, directory], {})
      const kept = /kept by Postgres (\d+)/
      const over = owner.ended.then(({ stderr }) => Promise.reject(new Error(`The owner ended: ${stderr}`)))
      while (!kept.test(owner.output.stdout)) await Promise.race([over, tick()])
      over.catch(() => "that it ends later is what the test wants")
      return { ...owner, postgres: Number(kept.exec(owner.output.stdout)?.[1]) }
    }),
    ({ ended, kill }) =>
      Effect.promise(() => {
        kill("SIGKILL")
        return ended
      })
  )

/** A program that runs as the cluster's user, for as long as the scope. */
const running = (program: string, ...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => spawn(program, args, { ...clusterUser, cwd: "/", stdio: "ignore" })),
    (child) =>
      Effect.promise(async () => {
        if (child.exitCode === null && child.kill("SIGKILL")) await once(child, "exit")
      })
  )

describe("the embedded Postgres", () => {
  it.live("is a cluster of its own that is gone, folder and all, when its scope closes", () =>
    Effect.gen(function*() {
      const [rows] = yield* onCluster({ fsync: false, maxConnections: 300 }, "show max_connections", "show fsync")
      assert.deepStrictEqual(rows, [{ max_connections: "300" }])
      const [folders = []] = yield* onCluster({}, "select current_setting('data_directory') as folder")
      assert.isFalse(yield* Effect.promise(() => access(folders[0].folder).then(() => true, () => false)))
    }))

  it.live("is reached by a socket in its folder, where the folder's path is not too long for one", () =>
    Effect.gen(function*() {
      const wayTo = (directory: string) =>
        Effect.gen(function*() {
          const { localUrl } = yield* EmbeddedPostgres
          const [row] = yield* query(localUrl("postgres"), "select inet_client_addr() is null as local")
          return row.local
        }).pipe(Effect.provide(EmbeddedPostgres.layer({ directory })))
      assert.isTrue(yield* wayTo(yield* keptFolder))
      assert.isFalse(yield* wayTo(yield* folderNamed("throughline-test".repeat(6))))
    }))

  it.live("keeps its data where it was told to", () =>
    Effect.gen(function*() {
      const directory = yield* keptFolder
      yield* onCluster({ directory }, "create table kept as select 42 as answer")
      const [rows] = yield* onCluster({ directory }, "select answer from kept")
      assert.deepStrictEqual(rows, [{ answer: 42 }])
    }))

  it.live("keeps them through a SIGKILL of its owner, and leaves no Postgres behind", () =>
    Effect.gen(function*() {
      const directory = yield* keptFolder
      const { ended, kill, postgres } = yield* ownerOf(directory)
      kill("SIGKILL")
      yield* Effect.promise(() => ended)
      const [rows] = yield* onCluster({ directory }, "select answer from kept")
      assert.deepStrictEqual(rows, [{ answer: 42 }])
      // An ended process counts as alive until it is reaped, which is not for us to do.
      yield* Effect.promise(async () => {
        while (isAlive(postgres)) await tick()
      }).pipe(Effect.timeout("60 seconds"))
    }))

  it.live("keeps them through a SIGKILL of Postgres itself", () =>
    Effect.gen(function*() {
      const directory = yield* keptFolder
      const { ended, kill, postgres } = yield* ownerOf(directory)
      process.kill(postgres, "SIGKILL")
      kill("SIGKILL")
      yield* Effect.promise(() => ended)
      const [rows] = yield* onCluster({ directory }, "select answer from kept", "show fsync")
      assert.deepStrictEqual(rows, [{ answer: 42 }])
    }))

  it.live("refuses a second owner at once, in words that name the first", () =>
    Effect.gen(function*() {
      const directory = yield* keptFolder
      const { pid } = yield* ownerOf(directory)
      const message = yield* refusal(directory)
      assert.match(message, new RegExp(`no other server uses; process ${pid} uses ${directory}`))
      assert.lengthOf(message.split("\n"), 1)
    }).pipe(Effect.scoped))

  it.live("of two first starts at once, one gets the folder and the other is refused", () =>
    Effect.gen(function*() {
      const directory = yield* keptFolder
      const start = Effect.result(onCluster({ directory }, "select pg_sleep(1)"))
      const results = yield* Effect.all([start, start], { concurrency: 2 })
      assert.deepStrictEqual(results.map(({ _tag }) => _tag).sort(), ["Failure", "Success"])
      const [refused] = results.flatMap((result) => result._tag === "Failure" ? [result.failure.message] : [])
      assert.include(refused, "no other server uses")
      assert.deepStrictEqual(yield* Effect.promise(() => readdir(directory)), ["postgres"])
    }))

  it.live("takes down a Postgres that outlived its owner", () =>
    Effect.gen(function*() {
      const directory = yield* keptFolder
      yield* onCluster({ directory }, "create table kept as select 42 as answer")
      const { postgres } = yield* findBinaries
      const data = join(directory, "postgres")
      const settings = ["listen_addresses=", `unix_socket_directories=${data}`, "cluster_name=throughline-999999999"]
      const left = yield* running(postgres, "-D", data, ...settings.flatMap((setting) => ["-c", setting]))
      const ready = () => access(join(data, "postmaster.pid")).then(() => true, () => false)
      yield* Effect.promise(async () => {
        while (!(await ready())) await tick()
      })
      const [rows] = yield* onCluster({ directory }, "select answer from kept")
      assert.deepStrictEqual(rows, [{ answer: 42 }])
      assert.strictEqual(left.exitCode, 0, "a fast shutdown")
    }))

  it.live("starts over a lock file whose number another program has got", () =>
    Effect.gen(function*() {
      const directory = yield* keptFolder
      yield* onCluster({ directory }, "create table kept as select 42 as answer")
      const { pid } = yield* running("sleep", "60")
      const lock = join(directory, "postgres", "postmaster.pid")
      yield* Effect.promise(() => writeFile(lock, `${pid}\n${join(directory, "postgres")}\n1\n1\n\n\n`))
      const [rows] = yield* onCluster({ directory }, "select answer from kept")
      assert.deepStrictEqual(rows, [{ answer: 42 }])
    }))

  it.live("removes what a start left that was killed while it made its cluster", () =>
    Effect.gen(function*() {
      const directory = yield* keptFolder
      yield* Effect.promise(() => mkdir(join(directory, "postgres.999999999-a", "base"), { recursive: true }))
      yield* onCluster({ directory })
      assert.deepStrictEqual(yield* Effect.promise(() => readdir(directory)), ["postgres"])
    }))

  it.live("refuses a cluster of another version, in words that name both", () =>
    Effect.gen(function*() {
      const directory = yield* keptFolder
      yield* onCluster({ directory })
      yield* Effect.promise(() => writeFile(join(directory, "postgres", "PG_VERSION"), "9\n"))
      const message = yield* refusal(directory)
      assert.match(message, /a folder of Postgres \d\d; \S+ was made by Postgres 9\./)
      assert.lengthOf(message.split("\n"), 1)
    }))

  it.live("keeps out of a folder that holds other things, and leaves it as it is", () =>
    Effect.gen(function*() {
      const directory = yield* keptFolder
      yield* Effect.promise(() => chmod(directory, 0o750).then(() => writeFile(join(directory, "letter.txt"), "")))
      assert.include(yield* refusal(directory), `${directory} holds other things`)
      assert.deepStrictEqual(yield* Effect.promise(() => readdir(directory)), ["letter.txt"])
      assert.strictEqual((yield* Effect.promise(() => stat(directory))).mode & 0o777, 0o750)
    }))

  it.live("says what stands in its way", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(onCluster({ directory: "/dev/null/here" }))
      assert.include(error.message, "/dev/null/here")
    }))
})
