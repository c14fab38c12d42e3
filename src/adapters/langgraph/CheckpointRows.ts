import type { RunnableConfig } from "@langchain/core/runnables"
import {
  type ChannelVersions,
  type Checkpoint,
  type CheckpointMetadata,
  type PendingWrite,
  WRITES_IDX_MAP
} from "@langchain/langgraph-checkpoint"
import type { CheckpointSerde } from "./CheckpointSerde.ts"

/** Where on a thread a checkpoint is. */
export interface Place {
  readonly thread: string
  readonly namespace: string
  readonly checkpoint: string | null
}

/** The same as LangGraph's configuration has it. */
export const placeOf = ({ configurable = {} }: RunnableConfig): Place => {
  const { checkpoint_id, checkpoint_ns = "", thread_id } = configurable
  if (thread_id === undefined) throw new Error("A checkpoint belongs to a thread: thread_id is missing")
  return {
    thread: String(thread_id),
    namespace: String(checkpoint_ns),
    checkpoint: checkpoint_id === undefined ? null : String(checkpoint_id)
  }
}

export const configOf = ({ checkpoint, namespace, thread }: Place): RunnableConfig => ({
  configurable: { thread_id: thread, checkpoint_ns: namespace, checkpoint_id: checkpoint }
})

export interface CheckpointRow {
  readonly thread: string
  readonly namespace: string
  readonly id: string
  readonly parent: string | null
  /** JSON, like the next. */
  readonly checkpoint: string
  readonly metadata: string
}

/** A value of a channel at a version; of type `empty` it stands for none. */
export interface BlobRow {
  readonly thread: string
  readonly namespace: string
  readonly channel: string
  readonly version: string
  readonly type: string
  readonly blob: Uint8Array
}

/** What a task has come to. */
export interface WriteRow {
  readonly thread: string
  readonly namespace: string
  readonly checkpoint: string
  readonly task: string
  readonly idx: number
  readonly channel: string
  readonly type: string
  readonly blob: Uint8Array
  /** A write with a fixed place (an error, an interrupt, an answer) takes the place of the one before; others do not. */
  readonly replaces: boolean
}

export interface Rows {
  readonly checkpoints: ReadonlyArray<CheckpointRow>
  readonly blobs: ReadonlyArray<BlobRow>
  readonly writes: ReadonlyArray<WriteRow>
}

/**
 * In JSON text, an escaped NUL or half of a surrogate pair (a whole one is not escaped): jsonb refuses both. An odd
 * backslash begins it: with an even number these are backslashes, and `u0000` is a word.
 */
const refused = /(?<!\\)((?:\\\\)*)\\u(0000|d[89a-f][0-9a-f]{2})/g

const acceptable = (json: string): string =>
  json.replace(refused, (_, backslashes: string, code: string) => backslashes + (code === "0000" ? "" : "\ufffd"))

const nothing = new Uint8Array()

export interface Put {
  readonly config: RunnableConfig
  readonly checkpoint: Checkpoint
  readonly metadata: CheckpointMetadata
  readonly versions: ChannelVersions
}

/** Of the run's metadata the row has everything: taking a run back asks it for the run's id. */
export const rowsOfPut = (serde: CheckpointSerde, { checkpoint, config, metadata, versions }: Put): Rows => {
  const { checkpoint: parent, namespace, thread } = placeOf(config)
  const { channel_values, ...rest } = checkpoint
  const row = {
    thread,
    namespace,
    id: checkpoint.id,
    parent,
    checkpoint: acceptable(JSON.stringify(rest)),
    metadata: acceptable(serde.text({ ...config.metadata, ...metadata }))
  }
  const blobs = Object.entries(versions).map(([channel, version]): BlobRow => {
    const [type, blob] = channel in channel_values ? serde.dump(channel_values[channel]) : ["empty", nothing] as const
    return { thread, namespace, channel, version: String(version), type, blob }
  })
  return { checkpoints: [row], blobs, writes: [] }
}

export const rowsOfWrites = (
  serde: CheckpointSerde,
  config: RunnableConfig,
  task: string,
  writes: ReadonlyArray<PendingWrite>
): Rows => {
  const { checkpoint, namespace, thread } = placeOf(config)
  if (checkpoint === null) throw new Error("A write belongs to a checkpoint: checkpoint_id is missing")
  const replaces = writes.every(([channel]) => channel in WRITES_IDX_MAP)
  const rows = writes.map(([channel, value], index): WriteRow => {
    const [type, blob] = serde.dump(value)
    const idx = WRITES_IDX_MAP[channel] ?? index
    return { thread, namespace, checkpoint, task, idx, channel, type, blob, replaces }
  })
  return { checkpoints: [], blobs: [], writes: rows }
}

const keyOf = (...parts: ReadonlyArray<string | number>): string => JSON.stringify(parts)

/** Several calls' rows as those of one: none twice, in the state that the calls one after another would leave. */
export const together = (all: ReadonlyArray<Rows>): Rows => {
  const checkpoints = new Map<string, CheckpointRow>(), writes = new Map<string, WriteRow>()
  for (const rows of all) {
    for (const row of rows.checkpoints) checkpoints.set(keyOf(row.thread, row.namespace, row.id), row)
    for (const row of rows.writes) {
      const key = keyOf(row.thread, row.namespace, row.checkpoint, row.task, row.idx)
      if (row.replaces || !writes.has(key)) writes.set(key, row)
    }
  }
  return {
    checkpoints: [...checkpoints.values()],
    blobs: all.flatMap(({ blobs }) => blobs),
    writes: [...writes.values()]
  }
}
