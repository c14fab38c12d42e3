import { type BaseMessage, type ContentBlock, HumanMessage } from "@langchain/core/messages"
import { createMiddleware } from "langchain"

const attachable: ReadonlySet<string> = new Set(["image", "audio", "file"])

/** A provider's own blocks, and LangChain's older ones (`source_type`), are recognised as what they are. */
const isStandard = (block: ContentBlock): boolean =>
  attachable.has(block.type) && !("source_type" in block) && ("data" in block || "url" in block || "fileId" in block)

/** Whoever translates such a message drops what else is in it: one of mixed blocks is left as it is. */
const isTranslated = (content: ReadonlyArray<ContentBlock>): boolean =>
  content.some(isStandard) && content.every((block) => block.type === "text" || isStandard(block))

const marked = (message: BaseMessage): BaseMessage => {
  if (!HumanMessage.isInstance(message) || !Array.isArray(message.content)) return message
  if (!isTranslated(message.content)) return message
  const { additional_kwargs, content, id, name } = message
  return new HumanMessage({
    content,
    additional_kwargs,
    response_metadata: { output_version: "v1" },
    ...(id && { id }),
    ...(name && { name })
  })
}

/**
 * Pictures and files that a person sends in LangChain 1's blocks (`mimeType`, `data`), as Agent Chat UI does. The client for
 * OpenAI translates those only in messages that say so, and passes them on as they are in others, which OpenAI refuses. What
 * the thread keeps stays as it was sent.
 */
export const attachments = createMiddleware({
  name: "Attachments",
  wrapModelCall: (request, handler) => handler({ ...request, messages: request.messages.map(marked) })
})
