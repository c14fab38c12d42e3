/** Where an operator's own graph is. */
export interface GraphFile {
  readonly name: string
  /** Absolute, like the next. */
  readonly file: string
  /** The folder of the langgraph.json that names it. */
  readonly project: string
  readonly exported: string
}
