/** What the run's tool servers gave: part of the record of what it really got. */
export interface ToolReport {
  readonly servers: ReadonlyArray<
    {
      readonly name: string
      readonly url: string
      readonly tools: ReadonlyArray<string>
      readonly error: string | null
      /** How long it took to connect and list its tools, or to fail; null: a run from before that was measured. */
      readonly ms: number | null
    }
  >
  /** The other agents that it may call, and those it names and may not; absent where it names none. */
  readonly agents?: ReadonlyArray<
    {
      readonly assistant_id: string
      readonly name: string | null
      /** What the model calls it by. */
      readonly tool: string | null
      readonly error: string | null
    }
  >
}
