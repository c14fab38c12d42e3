import { isJsonObject, type JsonObject } from "./Json.ts"
import type { Namespace, ProtocolEvent } from "./ProtocolEvents.ts"

interface Place {
  readonly namespace: Namespace
  status: string
  name: string
}

const keyOf = (namespace: Namespace) => JSON.stringify(namespace)

/** What a graph is called that has not said so: like the node it is in. */
const nameOf = (namespace: Namespace) => namespace.at(-1)?.split(":")[0] ?? ""

/** A run's graphs below one another, with how each is doing, after these events of it. */
export const protocolTree = (graph: string, events: ReadonlyArray<ProtocolEvent>): JsonObject => {
  const root: Place = { namespace: [], status: "running", name: graph }
  const places = new Map([[keyOf([]), root]])
  const placeOf = (namespace: Namespace): Place => {
    const key = keyOf(namespace)
    const place = places.get(key) ?? { namespace, status: "started", name: nameOf(namespace) }
    places.set(key, place)
    return place
  }
  for (const { data, method, namespace } of events) {
    for (let length = 0; length <= namespace.length; length++) placeOf(namespace.slice(0, length))
    const told: unknown = method === "lifecycle" ? JSON.parse(data) : undefined
    if (!isJsonObject(told)) continue
    const place = placeOf(namespace)
    if (typeof told["event"] === "string") place.status = told["event"]
    if (typeof told["graph_name"] === "string") place.name = told["graph_name"]
  }
  const branch = ({ name, namespace, status }: Place): JsonObject => {
    const children = [...places.values()]
      .filter((place) =>
        place.namespace.length === namespace.length + 1
        && namespace.every((segment, index) => place.namespace[index] === segment)
      )
      .sort((one, other) => keyOf(one.namespace) < keyOf(other.namespace) ? -1 : 1)
    return {
      namespace: [...namespace],
      status,
      graph_name: name,
      ...(children.length === 0 ? {} : { children: children.map(branch) })
    }
  }
  return branch(root)
}
