import { AssistantId } from "./Assistant.ts"

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export const isUuid = (text: string): boolean => uuid.test(text)

/** The namespace of graph defaults' ids (contract 3): UUIDv5 of the graph's name in it. */
export const graphNamespace = "6ba7b821-9dad-11d1-80b4-00c04fd430c8"

/**
 * What a caller means by an assistant id: the default assistant of a graph, by its name, or an assistant by its id.
 * UUIDs are compared in lower case, as Postgres writes them; any other id is taken as written.
 */
export const resolveAssistantId = (reference: string, defaults: ReadonlyMap<string, AssistantId>): AssistantId =>
  defaults.get(reference) ?? AssistantId.make(isUuid(reference) ? reference.toLowerCase() : reference)

/** The id of a new assistant: the caller's if there is one that is not blank, else a fresh one. */
export const newAssistantId = (requested: string | null | undefined, fresh: () => string): AssistantId => {
  const given = requested?.trim() ?? ""
  if (given === "") return AssistantId.make(fresh())
  return AssistantId.make(isUuid(given) ? given.toLowerCase() : given)
}
