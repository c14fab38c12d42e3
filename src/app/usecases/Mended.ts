/** One thing that a repair has done, or has left and why. */
export interface Mended {
  readonly what: string
  /** Of the assistant or the agent that it is about. */
  readonly id: string
  readonly note: string
}
