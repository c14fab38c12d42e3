import { Context, Effect, Layer, Redacted, Schedule } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { createServer } from "node:net"
import { createInterface } from "node:readline"
import { attempt, type Binaries, EmbeddedPostgresError, findBinaries } from "./Binaries.ts"
import { clusterIn, withParent } from "./Cluster.ts"
import { keptFolder, temporaryFolder, type UnusableFolder } from "./Folder.ts"
import { inUse, makeWay, ownedBy } from "./Postmaster.ts"

export interface Options {
  /** Where the data stays between starts; without it they live in a temporary folder, for as long as the scope. */
  readonly directory?: string
  /** Off, a crash of the machine may cost data, and everything is faster: right for tests. On by default. */
  readonly fsync?: boolean
  readonly maxConnections?: number
}

const freePort = attempt("Finding a free port", () =>
  new Promise<number>((resolve, reject) => {
    const probe = createServer().once("error", reject)
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address()
      probe.close(() => typeof address === "object" && address !== null ? resolve(address.port) : reject(address))
    })
  }))

const exited = (child: ChildProcess) => child.pid === undefined || child.exitCode !== null || child.signalCode !== null

const stop = (child: ChildProcess, signal: "SIGINT" | "SIGQUIT") =>
  Effect.callback<void>((resume) => {
    if (exited(child)) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
    child.kill(signal)
  })

const untilReady = (child: ChildProcess, data: string) =>
  Effect.callback<void, EmbeddedPostgresError | UnusableFolder>((resume) => {
    const log: Array<string> = []
    const fail = (what: string) => {
      // Of two starts at once, Postgres's own lock lets one through.
      if (log.some((line) => line.includes(`lock file "postmaster.pid" already exists`))) {
        return resume(Effect.fail(inUse(data, "another process")))
      }
      resume(Effect.fail(new EmbeddedPostgresError({ message: `${what}\n${log.join("\n")}`.trim() })))
    }
    child.once("error", (error) => fail(`Postgres did not start: ${error.message}`))
    child.once("close", (code) => fail(`Postgres ended with ${code} before it was ready`))
    if (child.stderr === null) return fail("Postgres has no log to read")
    // Read to the end, also when nobody needs it any more: a full pipe would stop the server.
    createInterface({ input: child.stderr }).on("line", (line) => {
      if (line.includes("ready to accept connections")) return resume(Effect.void)
      if (log.length < 50) log.push(line)
    })
  })

/** In bytes, of a socket's path: what the smallest of the systems takes, with room for `/.s.PGSQL.65535.lock`. */
const longestFolder = 80

/** The cluster's own folder, into which nobody else sees; none where its path is too long for a socket's. */
const socketFolder = (data: string) => Buffer.byteLength(data) > longestFolder ? "" : data

const serve = Effect.fnUntraced(function*(binaries: Binaries, data: string, options: Options) {
  const port = yield* freePort
  const settings = {
    port,
    cluster_name: ownedBy(process.pid),
    listen_addresses: "127.0.0.1",
    unix_socket_directories: socketFolder(data),
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
  yield* untilReady(child, data)
  return port
})

/** A Postgres cluster from npm's binaries on a free loopback port, down when the scope closes. */
export class EmbeddedPostgres extends Context.Service<EmbeddedPostgres, {
  readonly folder: string
  readonly url: (database: string) => Redacted.Redacted<string>
  /** The same by way of a socket, if there is one: a run then takes 3 % less of the processor. */
  readonly localUrl: (database: string) => Redacted.Redacted<string>
}>()("throughline/adapters/EmbeddedPostgres") {
  static readonly layer = (options: Options = {}) =>
    Layer.effect(
      EmbeddedPostgres,
      Effect.gen(function*() {
        const binaries = yield* findBinaries
        const folder = yield* options.directory === undefined ? temporaryFolder : keptFolder(options.directory)
        const data = yield* clusterIn(binaries, folder)
        yield* makeWay(data)
        // Somebody else may have taken the port since the probe; of a Postgres that was killed, parts may still be there.
        const port = yield* Effect.retry(serve(binaries, data, options), {
          while: (error) => error._tag === "EmbeddedPostgresError",
          schedule: Schedule.spaced("250 millis"),
          times: 4
        })
        const url = (database: string) => `postgres://postgres@127.0.0.1:${port}/${database}`
        const socket = socketFolder(data)
        const bySocket = socket === "" ? "" : `?${new URLSearchParams({ host: socket })}`
        return EmbeddedPostgres.of({
          folder,
          url: (database) => Redacted.make(url(database)),
          localUrl: (database) => Redacted.make(url(database) + bySocket)
        })
      })
    )
}
