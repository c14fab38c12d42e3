/** The state of the graphs that the pages talk to. */
export type State = {
  messages: Array<{ readonly id?: string; readonly type: string; readonly content: string }>
  question?: string
}

/** What a person says, as chat pages send it. */
export const human = (text: string) => ({ id: crypto.randomUUID(), type: "human", content: text })

/** A message as one reads it. */
export const line = ({ content, type }: { readonly type: string; readonly content: unknown }) =>
  `${type}: ${typeof content === "string" ? content : JSON.stringify(content)}`

/** What went wrong, if something did. */
export const told = (error: unknown) => {
  if (error === undefined || error === null) return undefined
  return error instanceof Error ? error.message : JSON.stringify(error)
}
