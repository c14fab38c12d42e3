import { Effect, Redacted } from "effect"
import { execFile, spawn } from "node:child_process"
import { access, chown, mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer, Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"

const run = promisify(execFile)
const program = "/usr/sbin/pgbouncer"
const nobody = 65534
const isRoot = process.getuid?.() === 0

/** Debian's package, installed if need be; or why there is none. */
export const pgBouncerMissing = async (): Promise<string | undefined> => {
  const there = () => access(program).then(() => true, () => false)
  if (await there()) return undefined
  if (!isRoot) return "PgBouncer is not installed, and only root could install it"
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" }
  try {
    await run("apt-get", ["update", "-qq"], { env })
    await run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "pgbouncer"], { env })
  } catch (error) {
    return `PgBouncer could not be installed: ${error instanceof Error ? error.message : String(error)}`
  }
  return (await there()) ? undefined : `PgBouncer was installed, but not as ${program}`
}

const freePort = () =>
  new Promise<number>((resolve, reject) => {
    const probe = createServer().once("error", reject)
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address()
      probe.close(() => typeof address === "object" && address !== null ? resolve(address.port) : reject(address))
    })
  })

/** Whoever comes is let in, as the database's own user. */
const configuration = ({ hostname, password, pathname, port, username }: URL, own: number, serverConnections: number) =>
  `[databases]
${pathname.slice(1)} = host=${hostname} port=${port} user=${username}${password === "" ? "" : ` password=${password}`}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${own}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${serverConnections}
max_client_conn = 200
`

const accepts = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = new Socket().once("error", () => resolve(false))
    socket.connect(port, "127.0.0.1", () => resolve(true)).once("close", () => socket.destroy())
    socket.once("connect", () => socket.destroy())
  })

const start = async (target: Redacted.Redacted<string>, serverConnections: number) => {
  const folder = await mkdtemp(join(tmpdir(), "throughline-pgbouncer-"))
  const url = new URL(Redacted.value(target))
  const port = await freePort()
  const file = join(folder, "pgbouncer.ini")
  await writeFile(file, configuration(url, port, serverConnections))
  if (isRoot) await Promise.all([chown(folder, nobody, nobody), chown(file, nobody, nobody)])
  // It refuses to be root.
  const user = isRoot ? { uid: nobody, gid: nobody } : {}
  const child = spawn(program, [file], { ...user, cwd: "/", stdio: ["ignore", "ignore", "pipe"] })
  let log = ""
  child.stderr.on("data", (chunk) => (log += String(chunk)))
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()))
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`PgBouncer did not start:\n${log}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  url.hostname = "127.0.0.1"
  url.port = String(port)
  const stop = async () => {
    child.kill("SIGKILL")
    await ended
    await rm(folder, { recursive: true, force: true })
  }
  return { url: Redacted.make(url.href), log: () => log, stop }
}

/** A PgBouncer in transaction mode before a database, for as long as the scope. */
export const pgBouncer = (target: Redacted.Redacted<string>, serverConnections = 3) =>
  Effect.acquireRelease(
    Effect.promise(() => start(target, serverConnections)),
    ({ stop }) => Effect.promise(stop)
  )
