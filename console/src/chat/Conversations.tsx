import { NativeSelect } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { everyTwoSeconds } from "../live.ts"
import { useSession } from "../session/Session.tsx"
import { momentText } from "../words/Moment.tsx"

interface ConversationsProps {
  readonly assistant: string
  /** Null: a new one. */
  readonly thread: string | null
  readonly onThread: (thread: string | null) => void
}

const longest = 40

const titleOf = (first: unknown) => {
  if (typeof first !== "string" || first === "") return "Conversation"
  return first.length > longest ? `${first.slice(0, longest)}…` : first
}

/** A new conversation, or one that the caller has had with this agent. */
export const Conversations = ({ assistant, onThread, thread }: ConversationsProps) => {
  const { api } = useSession()
  const { data = [] } = useQuery({
    queryKey: ["threads", assistant],
    queryFn: ({ signal }) => api.threads(assistant, signal),
    ...everyTwoSeconds,
    refetchInterval: 5000
  })
  const earlier = data.map(({ extracted, thread_id, updated_at }) => ({
    value: thread_id,
    label: `${titleOf(extracted?.first)} · ${momentText(updated_at)}`
  }))
  const isListed = thread === null || earlier.some(({ value }) => value === thread)
  return (
    <NativeSelect
      label="Conversation"
      value={thread ?? ""}
      data={[
        { value: "", label: "A new one" },
        ...(isListed ? [] : [{ value: thread, label: "This one" }]),
        ...earlier
      ]}
      onChange={({ currentTarget: { value } }) => onThread(value === "" ? null : value)}
    />
  )
}
