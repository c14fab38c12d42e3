import { Effect } from "effect"
import { type ChildProcess, execFile, spawn } from "node:child_process"
import { copyFile, cp, mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { basename, dirname, join, relative } from "node:path"
import { promisify } from "node:util"
import { stopped, until } from "../support/ServerProcess.ts"

const root = new URL("../..", import.meta.url).pathname
const own = new URL("reference/", import.meta.url).pathname
const fixtures = join(root, "test/fixtures/graphs/langgraph.json")
/** Within the project, so that its graphs find the project's packages; outside of git. */
const cache = join(root, "node_modules/.cache/throughline/reference")

const run = promisify(execFile)

const textAt = (file: string) => readFile(file, "utf8").catch(() => undefined)

/** The official server as its lock file has it, once. */
export const installReference = async (): Promise<void> => {
  const lock = "package-lock.json"
  if (await textAt(join(cache, `installed-${lock}`)) === await textAt(join(own, lock))) return
  await mkdir(cache, { recursive: true })
  for (const file of ["package.json", lock]) await copyFile(join(own, file), join(cache, file))
  // Not `ci`, which refuses a lock that lacks other platforms' optional packages, as some registries do.
  await run("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts"], { cwd: cache })
  await copyFile(join(own, lock), join(cache, `installed-${lock}`))
}

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

/** Its command line wants an export named; ours takes the default one without. */
const specification = (from: string, folder: string, path: string) => {
  const [file = "", name = "default"] = path.split(":")
  return `${relative(from, join(folder, file))}:${name}`
}

/** Components have to be within the project: the reference takes none from elsewhere. */
const copiedComponents = async (folder: string, from: string, ui: object) => {
  const copied = Object.entries(ui).map(async ([name, path]) => {
    const source = join(from, String(path))
    await cp(dirname(source), join(folder, "ui", name), { recursive: true })
    return [name, `./ui/${name}/${basename(source)}`] as const
  })
  return Object.fromEntries(await Promise.all(copied))
}

/** A project of its own: the reference keeps its data in the folder of its configuration. */
const project = async (folder: string, { graphs = fixtures, guarded = false }: ReferenceOptions) => {
  const { graphs: named, ui } = JSON.parse(await readFile(graphs, "utf8"))
  const paths = Object.entries(Object(named)).map(([name, graph]) => {
    const path = typeof graph === "string" ? graph : String(Object(graph).path)
    return [name, specification(folder, dirname(graphs), path)] as const
  })
  const config = join(folder, "langgraph.json")
  await writeFile(
    config,
    JSON.stringify({
      node_version: "20",
      dependencies: ["."],
      env: {},
      graphs: { ...Object.fromEntries(paths), agent: specification(folder, own, "agent.ts:graph") },
      ...(ui !== undefined && { ui: await copiedComponents(folder, dirname(graphs), ui) }),
      ...(guarded && { auth: { path: specification(folder, own, "auth.ts:auth"), disable_studio_auth: true } })
    })
  )
  return config
}

const signal = ({ pid }: ChildProcess, name: NodeJS.Signals) => {
  try {
    if (pid !== undefined) process.kill(-pid, name)
  } catch {
    // It has gone already.
  }
}

export interface ReferenceOptions {
  readonly modelUrl: string
  /** A langgraph.json; without one that of the tests. */
  readonly graphs?: string
  /** With an auth handler and two users, whose tokens are their names. */
  readonly guarded?: boolean
}

/** The official server with its command line, on loopback, in a process of its own. It speaks to nobody else. */
export const referenceServer = Effect.fnUntraced(
  function*(options: ReferenceOptions) {
    const { modelUrl } = options
    yield* Effect.promise(installReference)
    const folder = yield* Effect.acquireRelease(
      Effect.promise(() => mkdtemp(join(cache, "project-"))),
      // Its command line ends before its server has written what it keeps.
      (path) => Effect.promise(() => rm(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 }))
    )
    const config = yield* Effect.promise(() => project(folder, options))
    const port = yield* Effect.promise(freePort)
    const file = join(folder, "log")
    const cli = join(cache, "node_modules/@langchain/langgraph-cli/dist/cli/cli.mjs")
    const flags = ["--no-browser", "--no-reload", "--host", "127.0.0.1", "--port", String(port), "--config", config]
    const child = yield* Effect.acquireRelease(
      Effect.promise(async () => {
        const log = await open(file, "w")
        const child = spawn(process.execPath, [cli, "dev", ...flags], {
          cwd: folder,
          // A group of its own: its command line has its server as a child, and that another.
          detached: true,
          env: {
            PATH: process.env["PATH"],
            HOME: folder,
            BROWSER: "none",
            LANGGRAPH_CLI_NO_ANALYTICS: "1",
            LANGSMITH_TRACING: "false",
            OPENAI_API_KEY: "sk-scripted",
            OPENAI_BASE_URL: modelUrl
          },
          stdio: ["ignore", log.fd, log.fd]
        })
        child.once("exit", () => void log.close())
        // Whatever becomes of this process, it leaves no server behind.
        process.once("exit", () => signal(child, "SIGKILL"))
        return child
      }),
      (child) =>
        Effect.promise(async () => {
          signal(child, "SIGCONT")
          await stopped(child)
        })
    )
    yield* Effect.promise(() =>
      until("the start of the reference", async () => {
        const text = await readFile(file, "utf8")
        if (child.exitCode !== null) throw new Error(`The reference ended with ${child.exitCode}:\n${text}`)
        return text.includes("Server running at") ? true : undefined
      }, 120_000)
    )
    return {
      url: `http://127.0.0.1:${port}`,
      /** It polls, and the more the more it has run: whoever measures something else lets it stand still meanwhile. */
      pause: () => signal(child, "SIGSTOP"),
      resume: () => signal(child, "SIGCONT")
    }
  }
)
