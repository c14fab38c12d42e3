import type { Client } from "@langchain/langgraph-sdk"
import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { messagesOf, question } from "./Conversation.ts"
import type { Replicas } from "./ReplicaServers.ts"

export interface BegunRun {
  readonly thread_id: string
  readonly run_id: string
}

type Payload = NonNullable<Parameters<Client["runs"]["create"]>[2]> & {
  /** A thread of its own unless said otherwise. */
  readonly threadId?: string
}

/** A run of the Rechts-Assistent's in the background; its stream has messages as well. */
export const begin = async (
  client: Client,
  text: string,
  { threadId, ...payload }: Payload = {},
  agent: string = agents.recht
): Promise<BegunRun> => {
  const thread_id = threadId ?? (await client.threads.create()).thread_id
  const { run_id } = await client.runs.create(thread_id, agent, {
    input: question(text),
    streamMode: ["values", "messages-tuple"],
    ...payload
  })
  return { thread_id, run_id }
}

/** A frame as the SDK hands it out. */
export interface SeenFrame {
  readonly id: string
  readonly event: string
  readonly data: unknown
}

/** Reads a run's stream to its end; `frames` grows meanwhile. */
export const reading = (client: Client, { run_id, thread_id }: BegunRun, lastEventId = "-1") => {
  const frames: Array<SeenFrame> = []
  const read = async () => {
    for await (const { data, event, id = "" } of client.runs.joinStream(thread_id, run_id, { lastEventId })) {
      frames.push({ id, event, data })
    }
    return frames
  }
  const ended = read()
  // Whoever waits for it is told; until then nobody may be.
  ended.catch(() => {})
  return { frames, ended }
}

/** All frames of a stream; the SDK gives those of some calls their ids without saying so. */
export const framesOf = async (
  stream: AsyncIterable<{ readonly event: string; readonly data: unknown }>
): Promise<ReadonlyArray<SeenFrame>> => {
  const frames: Array<SeenFrame> = []
  for await (const frame of stream) {
    frames.push({ id: "id" in frame ? String(frame.id) : "", event: frame.event, data: frame.data })
  }
  return frames
}

/** Fails unless the ids go on from one to the next. */
export const assertGapless = (frames: ReadonlyArray<SeenFrame>, from = 0): void =>
  assert.deepEqual(frames.map(({ id }) => Number(id)), frames.map((_, index) => from + index))

/** The attempts that a stream tells of, in order. */
export const attemptsIn = (frames: ReadonlyArray<SeenFrame>): ReadonlyArray<unknown> =>
  frames.filter(({ event }) => event === "metadata").map(({ data }) => Object(data).attempt)

export interface RunRow {
  readonly status: string
  readonly attempt: number
  readonly lost: number
  readonly error: string | null
  readonly message: string | null
}

type Observed = Pick<Replicas, "observer" | "until">

/** A run as it is stored; nothing, if it is gone. */
export const rowOf = async ({ observer }: Pick<Observed, "observer">, runId: string): Promise<RunRow | undefined> => {
  const { rows } = await observer.query<RunRow>(
    `select status, attempt, lost, failure ->> 'error' as error, failure ->> 'message' as message
     from langgraph_server.runs where id = $1`,
    [runId]
  )
  return rows[0]
}

/** Waits for a run's end. */
export const endOf = (world: Observed, { run_id }: BegunRun, ms = 90_000): Promise<RunRow> =>
  world.until(`the end of run ${run_id}`, async () => {
    const row = await rowOf(world, run_id)
    return row !== undefined && row.status !== "pending" && row.status !== "running" && row
  }, ms)

/** Fails if a state has a message twice. */
export const assertOnceEach = (values: unknown): void => {
  const ids = messagesOf(values).map(({ id }) => id)
  assert.strictEqual(new Set(ids).size, ids.length, `twice in ${JSON.stringify(values)}`)
}

export const median = (figures: ReadonlyArray<number>): number =>
  figures.toSorted((one, other) => one - other)[Math.floor(figures.length / 2)] ?? Number.NaN
