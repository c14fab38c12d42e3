import { BaseCallbackHandler } from "@langchain/core/callbacks/base"
import { isGraphBubbleUp } from "@langchain/langgraph"
import { Option, Schema } from "effect"
import type { RunSteps, StepEnd } from "../../ports/RunSteps.ts"
import type { Tell } from "./InnerFrames.ts"
import { fieldsOf } from "./Serialise.ts"

const decodeUsage = Schema.decodeUnknownOption(
  Schema.Struct({ input_tokens: Schema.Number, output_tokens: Schema.Number, total_tokens: Schema.Number })
)

type Told =
  | "handleChatModelStart"
  | "handleLLMEnd"
  | "handleLLMError"
  | "handleLLMStart"
  | "handleToolEnd"
  | "handleToolError"
  | "handleToolStart"
type On<Event extends Told> = Parameters<NonNullable<BaseCallbackHandler[Event]>>

const textOf = (value: unknown): string | undefined => typeof value === "string" && value !== "" ? value : undefined

/** What the answer came from, as its provider calls it; or else the class that asked. */
const modelName = (llm: unknown, params: unknown, metadata: unknown): string => {
  const { id } = fieldsOf(llm)
  return textOf(fieldsOf(metadata)["ls_model_name"]) ?? textOf(fieldsOf(fieldsOf(params)["invocation_params"])["model"])
    ?? (Array.isArray(id) ? textOf(id.at(-1)) : undefined) ?? "model"
}

const reasonOf = (error: unknown): string => error instanceof Error ? error.message : String(error)

/**
 * Notes each call of a model and of a tool, wherever in a graph it is made. LangChain waits for it, so that the times are
 * true; of single tokens it wants to know nothing, which costs a third of a microsecond each.
 */
export class StepCallbacks extends BaseCallbackHandler {
  override name = "throughline-steps"
  readonly #steps: RunSteps
  readonly #tell: Tell
  /** By LangChain's ids of the calls. */
  readonly #ends = new Map<string, (end?: StepEnd) => void>()

  constructor(steps: RunSteps, tell: Tell) {
    super({ _awaitHandler: true, ignoreChain: true, ignoreRetriever: true, ignoreCustomEvent: true })
    this.#steps = steps
    this.#tell = tell
  }

  /** There is one of it, for the whole of a run. */
  override copy(): this {
    return this
  }

  override handleChatModelStart(...[llm, , id, , params, , metadata]: On<"handleChatModelStart">): void {
    this.#ends.set(id, this.#steps.begin("model", modelName(llm, params, metadata)))
  }

  override handleLLMStart(...[llm, , id, , params, , metadata]: On<"handleLLMStart">): void {
    this.#ends.set(id, this.#steps.begin("model", modelName(llm, params, metadata)))
  }

  override handleLLMEnd(...[output, id]: On<"handleLLMEnd">): void {
    const { message } = fieldsOf(output.generations[0]?.[0])
    this.#end(id, { usage: Option.getOrNull(decodeUsage(fieldsOf(message)["usage_metadata"])) })
  }

  override handleLLMError(...[error, id]: On<"handleLLMError">): void {
    this.#fail(id, error)
  }

  override handleToolStart(...[tool, , id, , , , runName, call]: On<"handleToolStart">): void {
    this.#ends.set(id, this.#steps.begin("tool", runName ?? textOf(fieldsOf(tool)["name"]) ?? "tool", call))
  }

  override handleToolEnd(...[output, id]: On<"handleToolEnd">): void {
    const { content, status } = fieldsOf(output)
    this.#end(id, status === "error" ? { error: this.#tell(textOf(content) ?? "the tool failed") } : {})
  }

  override handleToolError(...[error, id]: On<"handleToolError">): void {
    this.#fail(id, error)
  }

  #fail(id: string, error: unknown): void {
    // A tool that asks a person has not failed.
    this.#end(id, isGraphBubbleUp(error) ? {} : { error: this.#tell(reasonOf(error)) })
  }

  #end(id: string, end: StepEnd): void {
    this.#ends.get(id)?.(end)
    this.#ends.delete(id)
  }
}
