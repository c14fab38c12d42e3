import { HttpServerResponse } from "effect/http"

/** The keys that a `select` names, or all. */
export const selected = (item: object, select: ReadonlyArray<string> | undefined): object =>
  select === undefined ? item : Object.fromEntries(Object.entries(item).filter(([key]) => select.includes(key)))

/** One page of a search, with how many there are altogether and where the next page starts, if there is one. */
export const page = (
  items: ReadonlyArray<object>,
  total: number,
  { offset, select }: { readonly offset: number; readonly select?: ReadonlyArray<string> }
): HttpServerResponse.HttpServerResponse => {
  const next = offset + items.length
  return HttpServerResponse.jsonUnsafe(items.map((item) => selected(item, select)), {
    headers: {
      "x-pagination-total": String(total),
      ...(items.length > 0 && next < total ? { "x-pagination-next": String(next) } : {})
    }
  })
}
