import { Duration, Option } from "effect"
import { defaultStoreOptions, type StoreOptions } from "../ports/StoreSettings.ts"
import type { LanggraphJson } from "./LanggraphJson.ts"

/** The whole of a value, unless the file says which parts of it. */
const wholeValue = ["$"]

/** The store as the operator's `langgraph.json` wants it; what it leaves out is as without a file. */
export const storeOptions = ({ index, ttl = {} }: LanggraphJson["store"]): StoreOptions => ({
  index: Option.map(Option.fromUndefinedOr(index), ({ dims, embed, fields = wholeValue }) => ({ embed, dims, fields })),
  ttl: { ...defaultStoreOptions.ttl, ...ttl }
})

/** How often the operator wants items swept whose time is over, if the file says. */
export const sweepEvery = ({ ttl = {} }: LanggraphJson["store"]): Option.Option<Duration.Duration> =>
  Option.map(Option.fromNullishOr(ttl.sweep_interval_minutes), Duration.minutes)
