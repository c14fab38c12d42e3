import type { BaseChatModel } from "@langchain/core/language_models/chat_models"
import type { Provider } from "./ModelName.ts"

/** The parameters of a model's sampling, by the names of the configuration. */
export interface Sampling {
  readonly temperature?: number
  readonly top_p?: number
  readonly top_k?: number
  readonly max_tokens?: number
  readonly frequency_penalty?: number
  readonly presence_penalty?: number
  readonly repetition_penalty?: number
  readonly stop?: ReadonlyArray<string>
  readonly seed?: number
}

export interface ModelRequest {
  readonly model: string
  readonly sampling: Sampling
  readonly apiKey: string
  /** Another endpoint than the provider's own. */
  readonly baseUrl: string | undefined
  readonly fetch: typeof globalThis.fetch
  /** Retries are for a hiccup: whoever waits for an answer learns soon that there is none. */
  readonly maxRetries: number
  /** The key is a caller's: nothing that identifies the operator may go along with it. */
  readonly foreign: boolean
}

export interface Made {
  readonly model: BaseChatModel
  /** Parameters that this model does not take. */
  readonly notSent: ReadonlyArray<keyof Sampling>
}

type Parameter = keyof Sampling

const without = (sampling: Sampling, keys: ReadonlyArray<Parameter>) => {
  const rest: { -readonly [K in keyof Sampling]: Sampling[K] } = { ...sampling }
  for (const key of keys) delete rest[key]
  return { sampling: rest, notSent: keys.filter((key) => sampling[key] !== undefined) }
}

/** What is set; LangChain's fields may be absent, but not undefined. The type cannot follow a filter. */
const defined = <A extends object>(object: A) =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof A]?: Exclude<A[K], undefined>
  }

/** Reasoning models answer a request that has one of these with an error. */
const reasoning = /^(o\d|gpt-[5-9](?!-chat))/
const notForReasoning: ReadonlyArray<Parameter> = [
  "temperature",
  "top_p",
  "frequency_penalty",
  "presence_penalty",
  "stop"
]
/** What compatible servers understand beyond OpenAI's own parameters, and OpenAI itself rejects. */
const compatibleOnly: ReadonlyArray<Parameter> = ["top_k", "repetition_penalty"]

const openai = async ({ sampling: wanted, ...request }: ModelRequest): Promise<Made> => {
  const { apiKey, baseUrl, fetch, foreign, maxRetries, model } = request
  const { ChatOpenAI, ChatOpenAICompletions } = await import("@langchain/openai")
  const { notSent, sampling } = without(wanted, [
    ...(reasoning.test(model) ? notForReasoning : []),
    ...(baseUrl === undefined ? compatibleOnly : [])
  ])
  const { repetition_penalty, seed, top_k } = sampling
  const fields = {
    model,
    apiKey,
    maxRetries,
    ...defined({
      temperature: sampling.temperature,
      topP: sampling.top_p,
      maxTokens: sampling.max_tokens,
      frequencyPenalty: sampling.frequency_penalty,
      presencePenalty: sampling.presence_penalty,
      stop: sampling.stop && [...sampling.stop]
    }),
    modelKwargs: defined({ seed, top_k, repetition_penalty }),
    configuration: {
      // Said in any case, or LangChain would look for it in environment variables that we do not document.
      baseURL: baseUrl ?? "https://api.openai.com/v1",
      fetch,
      ...(foreign ? { organization: null, project: null } : {})
    }
  }
  // Other servers know chat completions only; OpenAI's own models partly want the newer API, which ChatOpenAI knows.
  return { model: baseUrl === undefined ? new ChatOpenAI(fields) : new ChatOpenAICompletions(fields), notSent }
}

/** What neither Anthropic nor Google has. */
const openaiOnly: ReadonlyArray<Parameter> = [
  "frequency_penalty",
  "presence_penalty",
  "repetition_penalty",
  "seed"
]

const anthropic = async ({ sampling: wanted, ...request }: ModelRequest): Promise<Made> => {
  const { apiKey, baseUrl, fetch, foreign, maxRetries, model } = request
  const { ChatAnthropic } = await import("@langchain/anthropic")
  // Claude takes a temperature or top_p, not both; a top_p of 1 is none.
  const either: ReadonlyArray<Parameter> = wanted.top_p === undefined || wanted.temperature === undefined
    ? []
    : wanted.top_p === 1
    ? ["top_p"]
    : ["temperature"]
  const make = (unsupported: ReadonlyArray<Parameter>) => {
    const { notSent, sampling } = without(wanted, unsupported)
    const made = new ChatAnthropic({
      model,
      apiKey,
      maxRetries,
      anthropicApiUrl: baseUrl ?? "https://api.anthropic.com",
      clientOptions: { fetch, ...(foreign ? { authToken: null } : {}) },
      ...defined({
        temperature: sampling.temperature,
        topP: sampling.top_p,
        topK: sampling.top_k,
        maxTokens: sampling.max_tokens,
        stopSequences: sampling.stop && [...sampling.stop]
      })
    })
    return { model: made, notSent }
  }
  const made = make([...openaiOnly, ...either])
  try {
    made.model.invocationParams()
    return made
  } catch {
    // LangChain knows which of Claude's models refuse sampling parameters, and says so only by throwing.
    return make([...openaiOnly, "temperature", "top_p", "top_k"])
  }
}

const google = async ({ apiKey, maxRetries, model, sampling: wanted }: ModelRequest): Promise<Made> => {
  const { ChatGoogleGenerativeAI } = await import("@langchain/google-genai")
  const { notSent, sampling } = without(wanted, openaiOnly)
  const made = new ChatGoogleGenerativeAI({
    model,
    apiKey,
    maxRetries,
    baseUrl: "https://generativelanguage.googleapis.com",
    ...defined({
      temperature: sampling.temperature,
      topP: sampling.top_p,
      topK: sampling.top_k,
      maxOutputTokens: sampling.max_tokens,
      stopSequences: sampling.stop && [...sampling.stop]
    })
  })
  return { model: made, notSent }
}

/** Each provider's packages are loaded by the first run that uses it. */
export const providers: Readonly<Record<Provider, (request: ModelRequest) => Promise<Made>>> = {
  anthropic,
  google,
  openai
}
