interface Call {
  readonly output: PromiseLike<unknown>
}

/** What the stream of one of LangChain's agents has beside its events; other graphs have neither. */
export interface Promised {
  readonly toolCalls?: AsyncIterable<Call>
  readonly subagents?: AsyncIterable<Call & Promised>
}

const each = async <A>(calls: AsyncIterable<A> | undefined, one: (call: A) => void): Promise<void> => {
  try {
    for await (const call of calls ?? []) one(call)
  } catch {
    // The stream has failed, and says so itself.
  }
}

const ignored = ({ output }: Call): void => {
  output.then(() => {}, () => {})
}

/**
 * What tools and agents within the agent come to is told by the stream's events. LangChain promises it once more, call by
 * call, to nobody here: and a promise that is broken with nobody listening ends the process.
 */
export const letGo = ({ subagents, toolCalls }: Promised): void => {
  void each(toolCalls, ignored)
  void each(subagents, (agent) => {
    ignored(agent)
    letGo(agent)
  })
}
