/** Where an operator's components are. */
export interface ComponentSource {
  /** The graph whose messages they show. */
  readonly name: string
  /** As the langgraph.json has it, from its folder. */
  readonly path: string
  /** That folder. */
  readonly project: string
  /** Packages that the page lends them, beside React and the SDK. */
  readonly shared: ReadonlyArray<string>
}
