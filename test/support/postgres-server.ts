import { PostgreSqlContainer } from "@testcontainers/postgresql"
import { Effect, ManagedRuntime, Redacted } from "effect"
import { PullPolicy } from "testcontainers"
import type { TestProject } from "vitest/node"
import { EmbeddedPostgres } from "../../src/adapters/embedded-postgres/EmbeddedPostgres.ts"

declare module "vitest" {
  interface ProvidedContext {
    /** A superuser's way to the server on which every test file makes databases of its own. */
    postgresUrl: string
  }
}

interface Server {
  readonly url: string
  readonly engine: string
  readonly stop: () => Promise<unknown>
}

const maxConnections = 300

const container = async (image: string): Promise<Server> => {
  const settings = ["fsync=off", "full_page_writes=off", "synchronous_commit=off", `max_connections=${maxConnections}`]
  const started = await new PostgreSqlContainer(image)
    // The image is built beside the engine; asking a registry for it would only cost time.
    .withPullPolicy(PullPolicy.neverPull())
    .withDatabase("postgres")
    .withCommand(["postgres", ...settings.flatMap((setting) => ["-c", setting])])
    .start()
  return { url: started.getConnectionUri(), engine: `the container image ${image}`, stop: () => started.stop() }
}

const embedded = async (): Promise<Server> => {
  const runtime = ManagedRuntime.make(EmbeddedPostgres.layer({ fsync: false, maxConnections }))
  const url = await runtime.runPromise(EmbeddedPostgres.pipe(Effect.map((postgres) => postgres.url("postgres"))))
  return { url: Redacted.value(url), engine: "npm's embedded binaries", stop: () => runtime.dispose() }
}

/** Vitest's globalSetup: one server for each project that needs one, so that neither can disturb the other. */
export default async (project: TestProject) => {
  const image = process.env["POSTGRES_IMAGE"]
  const server = await (image ? container(image) : embedded())
  console.log(`[${project.name}] Postgres from ${server.engine}`)
  project.provide("postgresUrl", server.url)
  return () => server.stop()
}
