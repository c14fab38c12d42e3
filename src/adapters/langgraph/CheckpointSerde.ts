import { load } from "@langchain/core/load"
import { DeltaSnapshot, JsonPlusSerializer } from "@langchain/langgraph-checkpoint"
import { isJsonObject, type Json, type JsonObject } from "../../domain/Json.ts"

/** What LangChain writes around a caller's data that looks like one of its own objects. */
const escaped = "__lc_escaped__"

const isEscaped = (value: JsonObject): boolean => escaped in value && Object.keys(value).length === 1

const isUndefined = (value: JsonObject): boolean => value["lc"] === 2 && value["type"] === "undefined"

const isMessage = ({ id, lc, type }: JsonObject): boolean =>
  lc === 1 && type === "constructor" && Array.isArray(id) && id.length === 3
  && id[0] === "langchain_core" && id[1] === "messages" && /^[A-Z]\w*Message(Chunk)?$/.test(String(id[2]))

/** What a set or a map was written with. */
const membersOf = ({ args, id, type }: JsonObject, name: "Map" | "Set"): ReadonlyArray<Json> | undefined => {
  const [members]: ReadonlyArray<Json> = Array.isArray(args) ? args : []
  const isOne = type === "constructor" && Array.isArray(id) && id.length === 1 && id[0] === name
  return isOne && Array.isArray(members) ? members : undefined
}

const isEntry = (value: Json): value is readonly [Json, Json] => Array.isArray(value) && value.length === 2

/** Of a message: data, whatever it looks like. */
const asData = (value: Json): unknown => {
  if (Array.isArray(value)) return value.map(asData)
  if (!isJsonObject(value) || isEscaped(value)) return value
  if (isUndefined(value)) return undefined
  const data = Object.fromEntries(Object.entries(value).map(([key, member]) => [key, asData(member)]))
  return "lc" in value ? { [escaped]: data } : data
}

/**
 * LangGraph's own format, read with more care. Its reader makes an object of any class of LangChain's out of JSON that
 * looks like one, also where that was escaped, and fails where it can't: a caller's `additional_kwargs` or the answer of
 * a tool could run constructors here, and make a thread unreadable. Of LangChain's objects this one makes messages only;
 * whatever else looks like one stays data.
 */
export class CheckpointSerde extends JsonPlusSerializer {
  /** As `dumpsTyped`, at once: LangGraph goes on changing what it hands over. */
  dump(value: unknown): readonly [type: string, bytes: Uint8Array] {
    return value instanceof Uint8Array ? ["bytes", value] : ["json", this._dumps(value)]
  }

  /** As the JSON that goes into a jsonb column. */
  text(value: unknown): string {
    return new TextDecoder().decode(this._dumps(value))
  }

  protected override _loads(data: string): Promise<unknown> {
    return this.#revive(JSON.parse(data))
  }

  async #revive(value: Json): Promise<unknown> {
    if (Array.isArray(value)) return Promise.all(value.map((item) => this.#revive(item)))
    if (!isJsonObject(value) || isEscaped(value)) return value
    if (isMessage(value)) {
      const kwargs = asData(value["kwargs"] ?? null)
      return load(JSON.stringify({ ...value, kwargs })).catch(() => value)
    }
    if (value["lc"] === 2) return this.#reviveBuiltIn(value)
    const members = Object.entries(value).map(async ([key, member]) => [key, await this.#revive(member)] as const)
    return Object.fromEntries(await Promise.all(members))
  }

  /** `undefined`, patterns, errors, bytes; sets, maps and the snapshot of a channel, which may hold messages. */
  async #reviveBuiltIn(value: JsonObject): Promise<unknown> {
    if (value["type"] === "delta_snapshot") return new DeltaSnapshot(await this.#revive(value["value"] ?? null))
    const members = membersOf(value, "Set")
    if (members !== undefined) return new Set(await Promise.all(members.map((member) => this.#revive(member))))
    const entries = membersOf(value, "Map")
    if (entries?.every(isEntry)) return new Map(await Promise.all(entries.map((entry) => this.#reviveEntry(entry))))
    const text = JSON.stringify(value)
    return text.includes("\"lc\":1") ? value : super._loads(text)
  }

  async #reviveEntry([key, value]: readonly [Json, Json]): Promise<readonly [unknown, unknown]> {
    return [await this.#revive(key), await this.#revive(value)]
  }
}
