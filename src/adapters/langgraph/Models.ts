import { Context, Effect, Layer, Option, Redacted } from "effect"
import { samplingKeys } from "../../domain/Agent.ts"
import { GraphFailed } from "../../ports/AgentGraphs.ts"
import { Outbound } from "../../ports/Outbound.ts"
import type { AgentSettings } from "./AgentSettings.ts"
import { defaults } from "./AgentSettings.ts"
import { redact } from "./Failures.ts"
import { type ModelName, parseModelName, type Provider } from "./ModelName.ts"
import { type Made, type ModelRequest, providers, type Sampling } from "./Providers.ts"

export interface ProviderOptions {
  readonly apiKey: Option.Option<Redacted.Redacted<string>>
  readonly baseUrl: Option.Option<string>
}

export type ModelOptions = Readonly<Record<Provider, ProviderOptions>>

const variables: Readonly<Record<Provider, string>> = {
  openai: "OPENAI_API_KEY",
  anthropic: "ANTHROPIC_API_KEY",
  google: "GOOGLE_API_KEY"
}

const samplingOf = (settings: AgentSettings): Sampling => {
  const stop = typeof settings.stop === "string" ? [settings.stop] : settings.stop ?? []
  const numbers = samplingKeys.flatMap((key) =>
    key === "stop" || settings[key] == null ? [] : [[key, settings[key]] as const]
  )
  return { ...Object.fromEntries(numbers), ...(stop.length > 0 ? { stop } : {}) }
}

const fail = (detail: string) => Effect.fail(new GraphFailed({ error: "InvalidConfiguration", detail }))

const notBlank = (text: string | null | undefined): string | undefined => text?.trim() || undefined

/** A key that came with the configuration, for this provider or for whatever it calls. */
const callersKey = ({ apiKeys, custom_api_key }: AgentSettings, provider: Provider): string | undefined =>
  notBlank(custom_api_key) ?? notBlank(apiKeys?.[variables[provider]]) ?? notBlank(apiKeys?.[provider])

/** Headers of a request to a caller's endpoint. The clients add what they find in the operator's environment. */
const harmless = /^(accept|anthropic-(beta|version)|authorization|content-type|user-agent|x-api-key)$/

const withoutOperatorsHeaders = (fetch: typeof globalThis.fetch): typeof globalThis.fetch => (input, init) => {
  const headers = [...new Headers(init?.headers)].filter(([name]) => harmless.test(name))
  return fetch(input, { ...init, headers })
}

/**
 * A provider that repeats the key in its refusal: it must not get into a row, a log or an answer, and LangGraph writes
 * what a node failed with beside its checkpoint before anybody else sees it.
 */
const discreet = (fetch: typeof globalThis.fetch, key: string): typeof globalThis.fetch => async (input, init) => {
  const response = await fetch(input, init)
  if (response.ok) return response
  const { headers, status, statusText } = response
  return new Response(redact(await response.text(), [key]) || null, { headers, status, statusText })
}

type Route = Omit<ModelRequest, "model" | "sampling">

/** Chat models, as a run's configuration asks for them. */
export class Models extends Context.Service<Models, {
  readonly make: (settings: AgentSettings) => Effect.Effect<Made, GraphFailed>
  /** The server's own keys, for keeping them out of what is told. */
  readonly keys: ReadonlyArray<string>
}>()("throughline/adapters/langgraph/Models") {
  static readonly layer = (options: ModelOptions) =>
    Layer.effect(
      Models,
      Effect.gen(function*() {
        const outbound = yield* Outbound

        /** A caller's endpoint gets a caller's key or none: the server's own never leaves for an address it did not choose. */
        const atCallersEndpoint = (
          { model, provider }: ModelName,
          settings: AgentSettings,
          baseUrl: string
        ): Effect.Effect<Route, GraphFailed> => {
          const apiKey = callersKey(settings, provider)
          if (provider === "google") {
            return fail("configurable.base_url is for OpenAI-compatible and Anthropic endpoints")
          }
          if (!URL.canParse(baseUrl)) return fail("configurable.base_url is not a URL")
          if (apiKey === undefined) {
            return fail(
              `configurable.base_url needs a key of its own for ${model}: set custom_api_key or `
                + `apiKeys.${
                  variables[provider]
                }. The server's key is not sent to an endpoint that the configuration names.`
            )
          }
          const fetch = withoutOperatorsHeaders(outbound.guarded)
          // LangChain would ask again and again for an address that we refuse.
          return Effect.succeed({ apiKey, baseUrl, fetch, maxRetries: 0, foreign: true })
        }

        const atProvider = (
          { provider }: ModelName,
          settings: AgentSettings
        ): Effect.Effect<Route, GraphFailed> => {
          const own = callersKey(settings, provider)
          const server = Option.map(options[provider].apiKey, Redacted.value)
          const apiKey = own ?? Option.getOrUndefined(server)
          if (apiKey === undefined) {
            return fail(
              `There is no key for ${provider}: ${variables[provider]} is not set on the server, `
                + "and the configuration has no custom_api_key"
            )
          }
          const baseUrl = Option.getOrUndefined(options[provider].baseUrl)
          return Effect.succeed({ apiKey, baseUrl, fetch: outbound.trusted, maxRetries: 2, foreign: own !== undefined })
        }

        return Models.of({
          keys: Object.values(options).flatMap(({ apiKey }) => Option.toArray(apiKey)).map(Redacted.value),
          make: Effect.fn("Models.make")(function*(settings) {
            const written = settings.model_name ?? defaults.model_name
            const baseUrl = notBlank(settings.base_url)
            const name = parseModelName(written, baseUrl !== undefined)
            if (name === undefined) {
              return yield* fail(
                `configurable.model_name: ${JSON.stringify(written)} does not say its provider; `
                  + "write openai:…, anthropic:… or google:…"
              )
            }
            const route = yield* baseUrl === undefined
              ? atProvider(name, settings)
              : atCallersEndpoint(name, settings, baseUrl)
            const request: ModelRequest = {
              ...route,
              fetch: discreet(route.fetch, route.apiKey),
              model: name.model,
              sampling: samplingOf(settings)
            }
            const made = yield* Effect.tryPromise({
              try: () => providers[name.provider](request),
              // LangChain's classes check some parameters themselves.
              catch: (error) =>
                new GraphFailed({
                  error: "InvalidConfiguration",
                  detail: redact(error instanceof Error ? error.message : String(error), [request.apiKey])
                })
            })
            if (made.notSent.length > 0) {
              yield* Effect.logInfo(`${written} does not take ${made.notSent.join(", ")}`)
            }
            return made
          })
        })
      })
    )
}
