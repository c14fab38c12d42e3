import { ToolMessage } from "@langchain/core/messages"
import { DynamicStructuredTool, type StructuredToolInterface } from "@langchain/core/tools"
import { Schema } from "effect"
import type { ToolReport } from "../../domain/ToolReport.ts"
import type { AgentAnswer, AgentCall } from "../../ports/AgentCalls.ts"
import { fieldsOf } from "./Serialise.ts"

type NamedAgent = NonNullable<ToolReport["agents"]>[number] & { readonly description: string | null }

const input = {
  type: "object",
  properties: {
    message: {
      type: "string",
      description: "What the agent is to do, with everything that it has to know: it sees nothing of this conversation."
    }
  },
  required: ["message"],
  additionalProperties: false
} as const

const Input = Schema.decodeUnknownSync(Schema.Struct({ message: Schema.String }))

const describe = ({ description, name }: NamedAgent): string =>
  [`Asks the agent ${JSON.stringify(name)} and returns its answer.`, description ?? ""].join(" ").trim()

/** In which step of the graph a tool is called: every call has one of its own, by which it is known when it is made again. */
const stepOf = (config: unknown): string => {
  const { checkpoint_ns } = fieldsOf(fieldsOf(config)["configurable"])
  return typeof checkpoint_ns === "string" ? checkpoint_ns : ""
}

const callOf = (config: unknown): string => {
  const { id } = fieldsOf(fieldsOf(config)["toolCall"])
  return typeof id === "string" ? id : ""
}

/** The agents that may be called, as tools of the model's. Where its run is to be found comes with an agent's answer. */
export const agentTools = (
  agents: ReadonlyArray<NamedAgent>,
  ask: (call: AgentCall, signal: AbortSignal | undefined) => Promise<AgentAnswer>
): ReadonlyArray<StructuredToolInterface> =>
  agents.flatMap((agent) =>
    agent.tool === null ? [] : [
      new DynamicStructuredTool({
        name: agent.tool,
        description: describe(agent),
        schema: input,
        func: async (given: unknown, _, config) => {
          const toolCall = callOf(config)
          const { assistant_id, name } = agent
          const { message } = Input(given)
          const call = { assistant_id, name: name ?? assistant_id, message, toolCall, step: stepOf(config) }
          const { failed, subrun, text } = await ask(call, config?.signal)
          return new ToolMessage({
            content: text,
            tool_call_id: toolCall,
            name: agent.tool ?? "",
            status: failed ? "error" : "success",
            ...(subrun === null ? {} : { artifact: { subrun } })
          })
        }
      })
    ]
  )
