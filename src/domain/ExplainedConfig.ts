import { type ConfigLayers, type DroppedKey, eachGiven, effectiveConfig, type KeyOrigin } from "./EffectiveConfig.ts"
import type { ExplainedKey, Explanation } from "./Explanation.ts"
import type { Json } from "./Json.ts"
import type { GivenValue } from "./RunRecord.ts"
import { shownConfigurable } from "./Secrets.ts"

interface Given {
  readonly from: KeyOrigin
  readonly value: Json
  readonly refused: string | undefined
}

/** Who overrides a layer, in words. */
const layerName: Readonly<Record<KeyOrigin, string>> = {
  default: "the graph's defaults",
  assistant: "the assistant",
  header: "a header of the request",
  request: "the request",
  server: "the server"
}

/** A layer's value as it may be shown: secrets masked, whichever layer has them. */
const shown = (key: string, value: Json): Json => {
  const [masked = null] = Object.values(shownConfigurable({ [key]: value }))
  return masked
}

const byKey = ({ key: left }: { readonly key: string }, { key: right }: { readonly key: string }): number =>
  left < right ? -1 : left > right ? 1 : 0

const givenIn = (layers: ConfigLayers): ReadonlyMap<string, ReadonlyArray<Given>> => {
  const given = new Map<string, Array<Given>>()
  eachGiven(layers, (key, from, value, refused) => {
    const earlier = given.get(key)
    if (earlier === undefined) given.set(key, [{ from, value, refused }])
    else earlier.push({ from, value, refused })
  })
  return given
}

/** Why the last layer that may give a key has it, and each other one has not. */
const explained = (key: string, given: ReadonlyArray<Given>): ExplainedKey | undefined => {
  const inForce = given.findLast(({ refused }) => refused === undefined)
  if (inForce === undefined) return undefined
  return {
    key,
    value: shown(key, inForce.value),
    origin: inForce.from,
    given: given.map((layer): GivenValue => ({
      from: layer.from,
      value: shown(key, layer.value),
      dropped: layer === inForce ? null : layer.refused ?? `overridden by ${layerName[inForce.from]}`
    }))
  }
}

/** What the run's layers come to, key by key, and what became of each that named one: from the merge that runs go by. */
export const explainedConfig = (
  layers: ConfigLayers
): Pick<Explanation, "keys" | "dropped" | "recursion_limit" | "tags" | "metadata" | "context"> => {
  const keys: Array<ExplainedKey> = []
  const dropped: Array<Explanation["dropped"][number]> = []
  for (const [key, given] of givenIn(layers)) {
    const one = explained(key, given)
    if (one !== undefined) keys.push(one)
    else {dropped.push(...given.map(({ from, refused = null, value }) => ({
        key,
        from,
        value: shown(key, value),
        dropped: refused
      })
      ))}
  }
  const { context, metadata, recursion_limit, tags } = effectiveConfig(layers)
  return {
    keys: keys.sort(byKey),
    dropped: dropped.sort(byKey),
    recursion_limit,
    tags,
    // Nobody reads keys there; a caller may have put one there all the same.
    metadata: shownConfigurable(metadata),
    context: shownConfigurable(context)
  }
}

/** Keys of a provider that somebody gave and the run does not take, with why. */
export const refusedCredentials = (dropped: ReadonlyArray<DroppedKey>): string | null => {
  const [first] = dropped.filter(({ key }) => key === "custom_api_key" || key === "apiKeys")
  return first === undefined ? null : `${first.key} of ${layerName[first.from]} is not taken: ${first.reason}`
}
