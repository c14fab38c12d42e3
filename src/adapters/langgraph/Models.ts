import { Context, Effect, Layer, Option, Predicate, Redacted } from "effect"
import { samplingKeys } from "../../domain/Agent.ts"
import { GraphFailed } from "../../ports/AgentGraphs.ts"
import { Outbound, type OutboundRefused } from "../../ports/Outbound.ts"
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

/** A provider's key, and where it was found: a key of the configuration, or the server's environment. */
interface Credential {
  readonly apiKey: string
  readonly from: "custom_api_key" | "apiKeys" | "server"
}

/** A key that came with the configuration, for this provider or for whatever it calls. */
const callersKey = ({ apiKeys, custom_api_key }: AgentSettings, provider: Provider): Credential | undefined => {
  const custom = notBlank(custom_api_key)
  if (custom !== undefined) return { apiKey: custom, from: "custom_api_key" }
  const apiKey = notBlank(apiKeys?.[variables[provider]]) ?? notBlank(apiKeys?.[provider])
  return apiKey === undefined ? undefined : { apiKey, from: "apiKeys" }
}

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

/** Which model is meant, and with which key it would be asked, if there is one. */
export interface ResolvedModel {
  /** As written. */
  readonly name: string
  readonly provider: Provider | null
  readonly key: Credential["from"] | null
}

const packages: Readonly<Record<Provider, string>> = {
  openai: "@langchain/openai",
  anthropic: "@langchain/anthropic",
  google: "@langchain/google-genai"
}

/** Why a model can't be made: LangChain's classes check some parameters themselves. */
const unmade = (error: unknown, provider: Provider, apiKey: string) => {
  const missing = Predicate.hasProperty(error, "code") && error.code === "ERR_MODULE_NOT_FOUND"
  const detail = missing
    ? `The server lacks what it takes to ask ${provider}: the package ${packages[provider]} is not installed`
    : redact(error instanceof Error ? error.message : String(error), [apiKey])
  return new GraphFailed({ error: "InvalidConfiguration", detail })
}

/** Chat models, as a run's configuration asks for them. */
export class Models extends Context.Service<Models, {
  readonly make: (settings: AgentSettings) => Effect.Effect<Made, GraphFailed>
  readonly resolve: (settings: AgentSettings) => ResolvedModel
  /** Fails where a run would: makes the model, asks nobody for anything. */
  readonly check: (settings: AgentSettings) => Effect.Effect<void, GraphFailed | OutboundRefused>
  /** The server's own keys, for keeping them out of what is told. */
  readonly keys: ReadonlyArray<string>
}>()("throughline/adapters/langgraph/Models") {
  static readonly layer = (options: ModelOptions) =>
    Layer.effect(
      Models,
      Effect.gen(function*() {
        const outbound = yield* Outbound

        /** A caller's endpoint gets a caller's key or none: the server's own never leaves for an address it did not choose. */
        const credentialFor = (provider: Provider, settings: AgentSettings): Credential | undefined => {
          const own = callersKey(settings, provider)
          if (own !== undefined || notBlank(settings.base_url) !== undefined) return own
          const server = Option.map(options[provider].apiKey, Redacted.value)
          return Option.getOrUndefined(Option.map(server, (apiKey): Credential => ({ apiKey, from: "server" })))
        }

        const atCallersEndpoint = (
          { model, provider }: ModelName,
          credential: Credential | undefined,
          baseUrl: string
        ): Effect.Effect<Route, GraphFailed> => {
          if (provider === "google") {
            return fail("configurable.base_url is for OpenAI-compatible and Anthropic endpoints")
          }
          if (!URL.canParse(baseUrl)) return fail("configurable.base_url is not a URL")
          if (credential === undefined) {
            return fail(
              `configurable.base_url needs a key of its own for ${model}: set custom_api_key or `
                + `apiKeys.${
                  variables[provider]
                }. The server's key is not sent to an endpoint that the configuration names.`
            )
          }
          const fetch = withoutOperatorsHeaders(outbound.guarded)
          // LangChain would ask again and again for an address that we refuse.
          return Effect.succeed({ apiKey: credential.apiKey, baseUrl, fetch, maxRetries: 0, foreign: true })
        }

        const atProvider = (
          { provider }: ModelName,
          credential: Credential | undefined
        ): Effect.Effect<Route, GraphFailed> => {
          if (credential === undefined) {
            return fail(
              `There is no key for ${provider}: ${variables[provider]} is not set on the server, `
                + "and the configuration has no custom_api_key"
            )
          }
          const { apiKey, from } = credential
          const baseUrl = Option.getOrUndefined(options[provider].baseUrl)
          return Effect.succeed({ apiKey, baseUrl, fetch: outbound.trusted, maxRetries: 2, foreign: from !== "server" })
        }

        const named = (settings: AgentSettings) => {
          const written = settings.model_name ?? defaults.model_name
          const baseUrl = notBlank(settings.base_url)
          return { written, baseUrl, name: parseModelName(written, baseUrl !== undefined) }
        }

        const make = Effect.fn("Models.make")(function*(settings: AgentSettings) {
          const { baseUrl, name, written } = named(settings)
          if (name === undefined) {
            return yield* fail(
              `configurable.model_name: ${JSON.stringify(written)} does not say its provider; `
                + "write openai:…, anthropic:… or google:…"
            )
          }
          const { model, provider } = name
          const credential = credentialFor(provider, settings)
          const route = yield* baseUrl === undefined
            ? atProvider(name, credential)
            : atCallersEndpoint(name, credential, baseUrl)
          const fetch = discreet(route.fetch, route.apiKey)
          const made = yield* Effect.tryPromise({
            try: () => providers[provider]({ ...route, fetch, model, sampling: samplingOf(settings) }),
            catch: (error) => unmade(error, provider, route.apiKey)
          })
          if (made.notSent.length > 0) yield* Effect.logInfo(`${written} does not take ${made.notSent.join(", ")}`)
          return made
        })

        return Models.of({
          keys: Object.values(options).flatMap(({ apiKey }) => Option.toArray(apiKey)).map(Redacted.value),
          make,
          resolve: (settings) => {
            const { name, written } = named(settings)
            const key = name === undefined ? undefined : credentialFor(name.provider, settings)
            return { name: written, provider: name?.provider ?? null, key: key?.from ?? null }
          },
          check: Effect.fn("Models.check")(function*(settings) {
            yield* make(settings)
            const { baseUrl } = named(settings)
            if (baseUrl !== undefined) yield* outbound.check(new URL(baseUrl))
          })
        })
      })
    )
}
