import { Context, Option } from "effect"

/** How the operator wants the store to be; the words are those of `store` in a langgraph.json. */
export interface StoreOptions {
  /** What makes it searchable by meaning. */
  readonly index: Option.Option<{
    /** `provider:model`. */
    readonly embed: string
    readonly dims: number
    /** Paths in a value; `$` is all of it. */
    readonly fields: ReadonlyArray<string>
  }>
  readonly ttl: {
    /** Minutes for items that do not say; null: they stay. */
    readonly default_ttl: number | null
    readonly refresh_on_read: boolean
  }
}

export const defaultStoreOptions: StoreOptions = {
  index: Option.none(),
  ttl: { default_ttl: null, refresh_on_read: true }
}

export class StoreSettings extends Context.Service<StoreSettings, StoreOptions>()("throughline/ports/StoreSettings") {}
