import {
  BaseStore,
  type GetOperation,
  type Item,
  type ListNamespacesOperation,
  type Operation,
  type OperationResults,
  type PutOperation,
  type SearchItem,
  type SearchOperation
} from "@langchain/langgraph-checkpoint"
import type { StoreItem } from "../../domain/StoreItem.ts"
import type { FoundItem, NamespaceQuery, StoreAddress, StoreSearch, StoreWrite } from "../../ports/Store.ts"
import { toWireObject } from "./Serialise.ts"

/** The store as one actor has it, from where there are only promises. */
export interface StoreAccess {
  readonly get: (address: StoreAddress) => Promise<StoreItem | undefined>
  readonly search: (query: StoreSearch) => Promise<ReadonlyArray<FoundItem>>
  readonly namespaces: (query: NamespaceQuery) => Promise<ReadonlyArray<ReadonlyArray<string>>>
  readonly write: (writes: ReadonlyArray<StoreWrite>) => Promise<void>
}

const itemOf = ({ created_at, key, namespace, updated_at, value }: StoreItem): Item => ({
  value,
  key,
  namespace: [...namespace],
  createdAt: created_at,
  updatedAt: updated_at
})

const foundOf = (item: FoundItem): SearchItem => ({
  ...itemOf(item),
  ...(item.score === null ? {} : { score: item.score })
})

const searchOf = ({ filter, limit = 10, namespacePrefix, offset = 0, query }: SearchOperation): StoreSearch => ({
  prefix: namespacePrefix,
  filter: toWireObject(filter ?? {}),
  query: query || null,
  limit,
  offset,
  refresh: null
})

const pathOf = ({ matchConditions = [] }: ListNamespacesOperation, wanted: "prefix" | "suffix") =>
  matchConditions.find(({ matchType }) => matchType === wanted)?.path ?? []

const namespacesOf = (operation: ListNamespacesOperation): NamespaceQuery => ({
  prefix: pathOf(operation, "prefix"),
  suffix: pathOf(operation, "suffix"),
  maxDepth: operation.maxDepth ?? null,
  limit: operation.limit,
  offset: operation.offset
})

const writeOf = ({ index, key, namespace, value }: PutOperation): StoreWrite =>
  value === null
    ? { _tag: "Delete", namespace, key }
    : { _tag: "Put", namespace, key, value: toWireObject(value), index: index ?? null, ttl: undefined }

const isPut = (operation: Operation): operation is PutOperation => "value" in operation
const isSearch = (operation: Operation): operation is SearchOperation => "namespacePrefix" in operation
const isGet = (operation: Operation): operation is GetOperation => "key" in operation && !isPut(operation)

/**
 * LangGraph's store for one run: whose the items are was decided before the graph was made, and nothing that a graph
 * writes into a namespace changes it.
 */
export class GraphStore extends BaseStore {
  readonly #access: StoreAccess

  constructor(access: StoreAccess) {
    super()
    this.#access = access
  }

  /** What is asked is answered as it was before what is written with it, as in LangGraph's own stores. */
  override async batch<Op extends Array<Operation>>(operations: Op): Promise<OperationResults<Op>> {
    const results = await Promise.all(operations.map((operation) => this.#answer(operation)))
    const writes = operations.filter(isPut).map(writeOf)
    if (writes.length > 0) await this.#access.write(writes)
    // Which result belongs to which operation is known to nobody but LangGraph's type.
    return results as OperationResults<Op>
  }

  async #answer(operation: Operation): Promise<Item | null | Array<SearchItem> | Array<Array<string>>> {
    if (isPut(operation)) return null
    if (isSearch(operation)) return (await this.#access.search(searchOf(operation))).map(foundOf)
    if (isGet(operation)) {
      const item = await this.#access.get(operation)
      return item === undefined ? null : itemOf(item)
    }
    return (await this.#access.namespaces(namespacesOf(operation))).map((namespace) => [...namespace])
  }
}
