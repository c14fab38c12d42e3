import { setImmediate } from "node:timers/promises"
import { type Rows, together } from "./CheckpointRows.ts"

/**
 * Writes what LangGraph hands over in one turn of the event loop, or while the statement before is under way, in one
 * statement: the writes of a step's tasks and the checkpoint that follows from them. Statements go one after another, so
 * nothing is seen before what it refers to; and whoever handed something over waits until it is committed.
 */
export class StepWriter {
  readonly #store: (rows: Rows) => Promise<void>
  readonly #forgives: boolean
  #collected: Array<Rows> = []
  /** The one that collects, and the last of those that do not any more. */
  #next: Promise<void> | undefined
  #previous: Promise<void> = Promise.resolve()
  #failure: { readonly reason: unknown } | undefined

  /** Unless it forgives, what fails once fails for good: after a gap nothing more is written. */
  constructor(store: (rows: Rows) => Promise<void>, { forgives }: { readonly forgives: boolean }) {
    this.#store = store
    this.#forgives = forgives
  }

  write(rows: Rows): Promise<void> {
    this.#collected.push(rows)
    this.#next ??= this.#collect(this.#previous)
    return this.#next
  }

  /** Everything that has been handed over is committed; or it is said why not. */
  async settled(): Promise<void> {
    await (this.#next ?? this.#previous)
    this.#refuse()
  }

  async #collect(previous: Promise<void>): Promise<void> {
    // Whoever wrote it has been told if it failed.
    await previous.catch(() => {})
    await setImmediate()
    const rows = together(this.#collected)
    this.#collected = []
    this.#previous = this.#next ?? previous
    this.#next = undefined
    this.#refuse()
    try {
      await this.#store(rows)
    } catch (reason) {
      if (!this.#forgives) this.#failure = { reason }
      throw reason
    }
  }

  #refuse(): void {
    if (this.#failure !== undefined) throw this.#failure.reason
  }
}
