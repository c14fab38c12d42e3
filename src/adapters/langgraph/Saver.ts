import type { RunnableConfig } from "@langchain/core/runnables"
import { type CheckpointListOptions, ERROR, type PendingWrite, WRITES_IDX_MAP } from "@langchain/langgraph-checkpoint"
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres"
import { Predicate } from "effect"
import { setTimeout as sleep } from "node:timers/promises"
import type pg from "pg"
import { StorageUnavailable } from "../../ports/StorageUnavailable.ts"
import { CheckpointSerde } from "./CheckpointSerde.ts"

/** SQLSTATE classes and node's codes that mean: not now. (08: connection, 53: resources, 57P: shutting down) */
const awayCode = /^(08|53|57P)|^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|EHOSTUNREACH)$/
/** pg has no code for these. */
const awayMessage =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/

const isAway = (error: unknown): boolean => {
  if (error instanceof AggregateError) return error.errors.some(isAway)
  if (!(error instanceof Error)) return false
  return ("code" in error && typeof error.code === "string" && awayCode.test(error.code)) ||
    awayMessage.test(error.message)
}

const unavailable = (error: unknown): never => {
  throw isAway(error) ? new StorageUnavailable() : error
}

/** How long to wait before each further try, in ms: 3 s in all, more than a restart of Postgres or a failover's cut takes. */
const patience = [50, 100, 200, 400, 800, 1_500]

/** A run is not to end for a connection that was cut: what is asked here may be asked twice. */
const patiently = async <A>(ask: () => Promise<A>): Promise<A> => {
  for (const delay of patience) {
    try {
      return await ask()
    } catch (error) {
      if (!isAway(error)) throw error
      await sleep(delay)
    }
  }
  return ask().catch(unavailable)
}

type Rows = ReadonlyArray<ReadonlyArray<unknown>>

/** An error's words without what is secret in them. */
type Tell = (text: string) => string

const isError = (value: unknown): value is { readonly name: string; readonly message: string } =>
  Predicate.hasProperty(value, "message") && typeof value.message === "string"

/** `($1, $2), ($3, $4)` for rows of parameters, numbered from after those before. */
const parameters = (rows: Rows, before = 0): string => {
  let number = before
  return rows.map((row) => `(${row.map(() => `$${++number}`).join(", ")})`).join(", ")
}

/** Where on a thread a checkpoint is, as LangGraph's configuration has it. */
const placeOf = ({ configurable = {} }: RunnableConfig) => ({
  thread: String(configurable["thread_id"]),
  namespace: String(configurable["checkpoint_ns"] ?? ""),
  checkpoint: configurable["checkpoint_id"] === undefined ? null : String(configurable["checkpoint_id"])
})

/**
 * LangGraph's own saver, in its tables and its format, with five differences: its errors say whether the database is
 * away, and not at the first try; a checkpoint names the run that made it, which taking a run back needs; forks do not share versions; nothing but
 * messages comes to life when it is read; and what it writes is one statement, instead of one for each value and two for
 * the transaction around them: a turn with one tool call is 10 statements, not 43.
 */
export class Saver extends PostgresSaver {
  readonly #connections: pg.Pool
  readonly #schema: string
  readonly #tell: Tell

  constructor(connections: pg.Pool, schema: string, tell: Tell = (text) => text) {
    super(connections, new CheckpointSerde(), { schema })
    this.#connections = connections
    this.#schema = schema
    this.#tell = tell
  }

  /** The same memory for one run: what a task failed with is kept in the words that may be told of it. */
  telling(tell: Tell): Saver {
    return new Saver(this.#connections, this.#schema, tell)
  }

  /**
   * Channel versions that are one's own: LangGraph counts 1, 2, 3, so a fork and what it forks from would arrive at the
   * same number, and of the two values with it the table keeps the first (langgraphjs#1812).
   */
  override getNextVersion(current: number | undefined): number {
    return Math.floor(current ?? 0) + 1 + Math.random()
  }

  override setup() {
    return super.setup().catch(unavailable)
  }

  override getTuple(config: RunnableConfig) {
    return patiently(() => super.getTuple(config))
  }

  override async *list(config: RunnableConfig, options?: CheckpointListOptions) {
    try {
      yield* super.list(config, options)
    } catch (error) {
      unavailable(error)
    }
  }

  override async put(
    ...[config, checkpoint, metadata, versions]: Parameters<PostgresSaver["put"]>
  ): Promise<RunnableConfig> {
    const { checkpoint: parent, namespace, thread } = placeOf(config)
    const [blobs, about] = await Promise.all([
      this._dumpBlobs(thread, namespace, checkpoint.channel_values, versions),
      this._dumpMetadata(Object.assign({}, config.metadata, metadata))
    ])
    const row = [thread, namespace, checkpoint.id, parent, this._dumpCheckpoint(checkpoint), about]
    const withBlobs = blobs.length === 0 ? "" : `with blobs as (
      insert into ${this.#schema}.checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type, blob)
      values ${parameters(blobs, row.length)}
      on conflict (thread_id, checkpoint_ns, channel, version) do nothing
    )`
    await this.#query(
      `${withBlobs}
      insert into ${this.#schema}.checkpoints
        (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, checkpoint, metadata)
      values ${parameters([row])}
      on conflict (thread_id, checkpoint_ns, checkpoint_id)
      do update set checkpoint = excluded.checkpoint, metadata = excluded.metadata`,
      [row, ...blobs]
    )
    return { configurable: { thread_id: thread, checkpoint_ns: namespace, checkpoint_id: checkpoint.id } }
  }

  override async putWrites(config: RunnableConfig, writes: Array<PendingWrite>, taskId: string): Promise<void> {
    if (writes.length === 0) return
    const { checkpoint, namespace, thread } = placeOf(config)
    const told = writes.map((
      [channel, value]
    ): PendingWrite => [channel, channel === ERROR ? this.#told(value) : value])
    const rows = await this._dumpWrites(thread, namespace, checkpoint ?? "", taskId, told)
    // Writes with a fixed place (an error, an interrupt, an answer) replace each other, the last one stays.
    const replaces = writes.every(([channel]) => channel in WRITES_IDX_MAP)
    const distinct = replaces ? [...new Map(rows.map((row) => [row[4], row])).values()] : rows
    await this.#query(
      `insert into ${this.#schema}.checkpoint_writes
        (thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, blob)
      values ${parameters(distinct)}
      on conflict (thread_id, checkpoint_ns, checkpoint_id, task_id, idx) do ${
        replaces ? "update set channel = excluded.channel, type = excluded.type, blob = excluded.blob" : "nothing"
      }`,
      distinct
    )
  }

  #told(error: unknown): unknown {
    return isError(error) ? { name: error.name, message: this.#tell(error.message) } : error
  }

  #query(text: string, rows: Rows) {
    return patiently(() => this.#connections.query(text, rows.flat()))
  }
}
