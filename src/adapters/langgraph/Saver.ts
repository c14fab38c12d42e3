import type { RunnableConfig } from "@langchain/core/runnables"
import {
  BaseCheckpointSaver,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointTuple,
  ERROR,
  type PendingWrite
} from "@langchain/langgraph-checkpoint"
import { Metric, Predicate } from "effect"
import { RunOvertaken } from "../../domain/Run.ts"
import { type StateClaim, StateClaimLost } from "../../domain/Thread.ts"
import { chosen, latest } from "./CheckpointChoice.ts"
import type { Ask } from "./CheckpointDatabase.ts"
import { select } from "./CheckpointReads.ts"
import { configOf, placeOf, type Rows, rowsOfPut, rowsOfWrites } from "./CheckpointRows.ts"
import { CheckpointSerde } from "./CheckpointSerde.ts"
import { tupleOf } from "./CheckpointTuple.ts"
import { type Claim, deleteThread, insert, type Writer } from "./CheckpointWrites.ts"
import { RunWrites } from "./RunWrites.ts"
import { StepWriter } from "./StepWriter.ts"

/** An error's words without what is secret in them. */
type Tell = (text: string) => string

interface For {
  /** Whose claim it writes for; without one it writes whatever it is given. */
  readonly claim: Writer
  readonly tell: Tell
  /** A statement begins; what comes back is called when it is through. */
  readonly writing: () => () => void
}

const fenced = Metric.withAttributes(
  Metric.counter("throughline_fenced_writes_total", {
    description: "Writes of overtaken claims, which were void",
    incremental: true
  }),
  { what: "checkpoints" }
)

const nothing: Rows = { checkpoints: [], blobs: [], writes: [] }

const anybody: For = { claim: null, tell: (text) => text, writing: () => () => {} }

const isError = (value: unknown): value is { readonly name: string; readonly message: string } =>
  Predicate.hasProperty(value, "message") && typeof value.message === "string"

/**
 * The threads' memory, in the tables and the format of LangGraph's PostgresSaver: either reads what the other wrote. Its
 * own are: a step is one statement, which writes nothing for a run that another worker has taken over; forks do not
 * share versions; nothing but messages comes to life when it is read; and a database that is away is waited for.
 */
export class Saver extends BaseCheckpointSaver {
  readonly #ask: Ask
  /** Of all runs of this process. */
  readonly #runs: RunWrites
  readonly #for: For
  readonly #serde: CheckpointSerde
  readonly #writer: StepWriter

  constructor(ask: Ask, runs: RunWrites = new RunWrites(ask), whom: For = anybody) {
    const serde = new CheckpointSerde()
    super(serde)
    this.#ask = ask
    this.#runs = runs
    this.#for = whom
    this.#serde = serde
    this.#writer = new StepWriter((rows) => this.#store(rows), { forgives: whom.claim === null })
  }

  /** The same memory for one claim of a run: once the run is not that claim's any more, every write is `RunOvertaken`. */
  forRun({ attempt, runId }: Claim): Saver {
    return new Saver(this.#ask, this.#runs, { ...this.#for, claim: { attempt, runId } })
  }

  /** The same memory for one update of a thread's state: once a run has started there, every write is `StateClaimLost`. */
  forState(claim: StateClaim): Saver {
    return new Saver(this.#ask, this.#runs, { ...this.#for, claim })
  }

  /** The same memory for one run: what a task failed with is kept in the words that may be told of it. */
  telling(tell: Tell): Saver {
    return new Saver(this.#ask, this.#runs, { ...this.#for, tell })
  }

  /** The same memory for one run: somebody wants to know how long its writes take. */
  timing(writing: For["writing"]): Saver {
    return new Saver(this.#ask, this.#runs, { ...this.#for, writing })
  }

  /** Everything handed over so far is committed, and was still the claim's to write. */
  settled(): Promise<void> {
    return this.#writer.settled()
  }

  /** It is still the claim's to write, also where nothing has been written that could have told. */
  held(): Promise<void> {
    return this.#writer.write(nothing)
  }

  /**
   * Channel versions that are one's own: LangGraph counts 1, 2, 3, so a fork and what it forks from would arrive at the
   * same number, and of the two values with it the table keeps the first (langgraphjs#1812).
   */
  override getNextVersion(current: number | undefined): number {
    return Math.floor(current ?? 0) + 1 + Math.random()
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    if (config.configurable?.["thread_id"] === undefined) return undefined
    const place = placeOf(config)
    const [row] = await this.#ask((sql) => select(sql, latest(sql, place)))
    return row === undefined ? undefined : tupleOf(this.#serde, row)
  }

  override async *list(config: RunnableConfig, options: CheckpointListOptions = {}): AsyncGenerator<CheckpointTuple> {
    const rows = await this.#ask((sql) => select(sql, chosen(sql, config, options)))
    for (const row of rows) yield await tupleOf(this.#serde, row)
  }

  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    versions: ChannelVersions
  ): Promise<RunnableConfig> {
    await this.#writer.write(rowsOfPut(this.#serde, { config, checkpoint, metadata, versions }))
    return configOf({ ...placeOf(config), checkpoint: checkpoint.id })
  }

  override async putWrites(config: RunnableConfig, writes: Array<PendingWrite>, taskId: string): Promise<void> {
    if (writes.length === 0) return
    const told = writes.map(([channel, value]): PendingWrite => [
      channel,
      channel === ERROR ? this.#told(value) : value
    ])
    await this.#writer.write(rowsOfWrites(this.#serde, config, taskId, told))
  }

  override async deleteThread(threadId: string): Promise<void> {
    await this.#ask((sql) => deleteThread(sql, threadId))
  }

  async #store(rows: Rows): Promise<void> {
    const { claim, writing } = this.#for
    const written = writing()
    const held = await (claim !== null && "runId" in claim
      ? this.#runs.write(claim, rows)
      : this.#ask((sql) => insert(sql, [{ claim, rows }], { waits: true })).then((by) => by.length > 0)).finally(
        written
      )
    if (claim === null || held) return
    await this.#ask(() => Metric.update(fenced, 1))
    throw "token" in claim ? new StateClaimLost({ thread: claim.thread_id }) : new RunOvertaken({ run: claim.runId })
  }

  #told(error: unknown): unknown {
    return isError(error) ? { name: error.name, message: this.#for.tell(error.message) } : error
  }
}
