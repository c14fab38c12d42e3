import { HttpApi } from "effect/http-api"
import { Api } from "./Api.ts"
import { Authorization } from "./Authorization.ts"

export interface Route {
  readonly method: string
  /** With its parameters in braces: `/threads/{thread_id}`. */
  readonly path: string
  readonly public: boolean
}

const listed = (): ReadonlyArray<Route> => {
  const routes: Array<Route> = []
  HttpApi.reflect(Api, {
    onGroup: () => undefined,
    onEndpoint: ({ endpoint, middleware }) => {
      const path = endpoint.path.replaceAll(/:(\w+)/g, "{$1}")
      const guarded = [...middleware].some(({ key }) => key === Authorization.key)
      routes.push({ method: endpoint.method, path, public: !guarded })
    }
  })
  return routes
}

/** Every route there is, as the contract says it: what tests of access are generated from. */
export const routes: ReadonlyArray<Route> = listed()
