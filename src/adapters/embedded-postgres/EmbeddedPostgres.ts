import { Context, Effect, Layer, Redacted } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { access, chown, mkdir, mkdtemp, rm } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { attempt, type Binaries, EmbeddedPostgresError, findBinaries, run } from "./Binaries.ts"

export interface Options {
  /** Where the data stays between starts; without it they live in a temporary folder, for as long as the scope. */
  readonly directory?: string
  /** Off, a crash of the machine may cost data, and everything is faster: right for tests. On by default. */
  readonly fsync?: boolean
  readonly maxConnections?: number
}

const temporaryFolder = Effect.acquireRelease(
  attempt("Making a temporary folder", () => mkdtemp(join(tmpdir(), "throughline-postgres-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

const keptFolder = (path: string) =>
  attempt(`Making the folder ${path}`, async () => {
    await mkdir(path, { recursive: true, mode: 0o700 })
    return path
  })

/** Makes the cluster, unless an earlier start has left one. */
const initialise = ({ initdb, user }: Binaries, folder: string) =>
  attempt(`initdb in ${folder}`, async () => {
    if (user.uid !== undefined) await chown(folder, user.uid, user.uid)
    const data = join(folder, "data")
    const made = await access(join(data, "PG_VERSION")).then(() => true, () => false)
    const options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
    if (!made) await run(initdb, [`--pgdata=${data}`, ...options], { ...user, cwd: "/" })
    return data
  })

const freePort = attempt("Finding a free port", () =>
  new Promise<number>((resolve, reject) => {
    const probe = createServer().once("error", reject)
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address()
      probe.close(() => typeof address === "object" && address !== null ? resolve(address.port) : reject(address))
    })
  }))

/** Through setpriv, where there is one, a server goes down with a parent that is killed. Busybox's cannot do that. */
const withParent = Effect.promise(() =>
  run("setpriv", ["--pdeathsig", "INT", "true"]).then(() => ["setpriv", "--pdeathsig", "INT"], (): Array<string> => [])
)

const exited = (child: ChildProcess) => child.pid === undefined || child.exitCode !== null || child.signalCode !== null

const stop = (child: ChildProcess, signal: "SIGINT" | "SIGQUIT") =>
  Effect.callback<void>((resume) => {
    if (exited(child)) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
    child.kill(signal)
  })

const untilReady = (child: ChildProcess) =>
  Effect.callback<void, EmbeddedPostgresError>((resume) => {
    const log: Array<string> = []
    const fail = (what: string) =>
      resume(Effect.fail(new EmbeddedPostgresError({ message: `${what}\n${log.join("\n")}`.trim() })))
    child.once("error", (error) => fail(`Postgres did not start: ${error.message}`))
    child.once("close", (code) => fail(`Postgres ended with ${code} before it was ready`))
    if (child.stderr === null) return fail("Postgres has no log to read")
    // Read to the end, also when nobody needs it any more: a full pipe would stop the server.
    createInterface({ input: child.stderr }).on("line", (line) => {
      if (line.includes("ready to accept connections")) return resume(Effect.void)
      if (log.length < 50) log.push(line)
    })
  })

const serve = Effect.fnUntraced(function*(binaries: Binaries, data: string, options: Options) {
  const port = yield* freePort
  const settings = {
    port,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: options.maxConnections ?? 100,
    ...(options.fsync === false ? { fsync: "off", full_page_writes: "off", synchronous_commit: "off" } : {})
  }
  const command = [
    ...(yield* withParent),
    binaries.postgres,
    "-D",
    data,
    ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])
  ]
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      // A group of its own: Ctrl-C is for the runtime, which still needs its database while it drains.
      spawn("env", command, { ...binaries.user, cwd: "/", detached: true, stdio: ["ignore", "ignore", "pipe"] })
    ),
    // What is thrown away needs no checkpoint.
    (child) => stop(child, options.directory === undefined ? "SIGQUIT" : "SIGINT")
  )
  yield* untilReady(child)
  return port
})

/** A Postgres cluster from npm's binaries on a free loopback port, gone when the scope closes. */
export class EmbeddedPostgres extends Context.Service<EmbeddedPostgres, {
  readonly url: (database: string) => Redacted.Redacted<string>
}>()("throughline/adapters/EmbeddedPostgres") {
  static readonly layer = (options: Options = {}) =>
    Layer.effect(
      EmbeddedPostgres,
      Effect.gen(function*() {
        const binaries = yield* findBinaries
        const folder = yield* options.directory === undefined ? temporaryFolder : keptFolder(options.directory)
        const data = yield* initialise(binaries, folder)
        // Between the probe and Postgres, somebody else may have taken the port.
        const port = yield* Effect.retry(serve(binaries, data, options), { times: 2 })
        return EmbeddedPostgres.of({
          url: (database) => Redacted.make(`postgres://postgres@127.0.0.1:${port}/${database}`)
        })
      })
    )
}
