import { StorageUnavailable } from "../../ports/StorageUnavailable.ts"
import type { Ask } from "./CheckpointDatabase.ts"
import type { Rows } from "./CheckpointRows.ts"
import { type Claim, insert } from "./CheckpointWrites.ts"

/** How many statements are under way at a time: with fewer a large one would hold up the small ones behind it. */
const atOnce = 2
/** What one statement carries, in bytes, unless one run's rows alone are more. */
const statementBytes = 1_048_576

interface Waiting {
  readonly claim: Claim
  readonly rows: Rows
  readonly bytes: number
  readonly told: (held: Promise<boolean>) => void
}

const bytesOf = ({ blobs, checkpoints, writes }: Rows): number =>
  [...blobs, ...writes].reduce((sum, { blob }) => sum + blob.length, 0)
  + checkpoints.reduce((sum, { checkpoint, metadata }) => sum + checkpoint.length + metadata.length, 0)

/**
 * What the runs of this process write at about the same time goes into one statement, each run's rows behind its own
 * fence. A run whose row is locked at that moment, or that the statement fails with, is asked on its own.
 */
export class RunWrites {
  readonly #ask: Ask
  #waiting: Array<Waiting> = []
  #underWay = 0

  constructor(ask: Ask) {
    this.#ask = ask
  }

  /** Whether the claim still held: otherwise nothing was written. */
  write(claim: Claim, rows: Rows): Promise<boolean> {
    const held = new Promise<boolean>((told) => {
      this.#waiting.push({ claim, rows, bytes: bytesOf(rows), told })
    })
    this.#next()
    return held
  }

  #next(): void {
    while (this.#underWay < atOnce && this.#waiting.length > 0) {
      const batch = this.#take()
      this.#underWay++
      void this.#together(batch).finally(() => {
        this.#underWay--
        this.#next()
      })
    }
  }

  /** Of a run no more than one: what it hands over next follows from what is written now. */
  #take(): ReadonlyArray<Waiting> {
    let bytes = 0
    const batch: Array<Waiting> = [], left: Array<Waiting> = []
    for (const one of this.#waiting) {
      const fits = batch.length === 0 || bytes + one.bytes <= statementBytes
      const known = batch.some(({ claim }) => claim.runId === one.claim.runId)
      if (!fits || known) left.push(one)
      else {
        batch.push(one)
        bytes += one.bytes
      }
    }
    this.#waiting = left
    return batch
  }

  async #together(batch: ReadonlyArray<Waiting>): Promise<void> {
    const [first, ...more] = batch
    if (first !== undefined && more.length === 0) return this.#alone(first)
    const failed = (error: unknown) => {
      // Whose fault it was is told to whoever's it was; that the database is away is nobody's.
      for (const one of batch) {
        if (error instanceof StorageUnavailable) one.told(Promise.reject(error))
        else void this.#alone(one)
      }
    }
    await this.#ask((sql) => insert(sql, batch, { waits: false })).then((rows) => {
      const held = new Set(rows.map(({ by }) => by))
      for (const one of batch) {
        if (held.has(one.claim.runId)) one.told(Promise.resolve(true))
        else void this.#alone(one)
      }
    }, failed)
  }

  /** Waits for the run's row, if it must; others don't wait for that. */
  async #alone(one: Waiting): Promise<void> {
    const held = this.#ask((sql) => insert(sql, [one], { waits: true })).then((rows) => rows.length > 0)
    one.told(held)
    await held.catch(() => {})
  }
}
