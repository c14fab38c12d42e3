import { keepPreviousData, useQuery } from "@tanstack/react-query"
import { useState } from "react"
import type { Explained } from "../answers.ts"
import { everyTenSeconds } from "../live.ts"
import { useSession } from "../session/Session.tsx"
import { Problem } from "../shell/Problem.tsx"
import { Section } from "../shell/Section.tsx"
import { KeyTable } from "./KeyTable.tsx"
import { RunBody } from "./RunBody.tsx"

interface ConfigurationProps {
  readonly assistant: string
  /** What a run would get that says nothing of its own. */
  readonly plain: Explained
}

/** What a run by whoever looks would get, now; also one that brings something of its own. */
export const Configuration = ({ assistant, plain }: ConfigurationProps) => {
  const { api } = useSession()
  const [body, setBody] = useState<object | null>(null)
  const { data, error } = useQuery({
    queryKey: ["explain", assistant, body],
    queryFn: ({ signal }) => api.explain(assistant, body ?? {}, signal),
    enabled: body !== null,
    placeholderData: keepPreviousData,
    ...everyTenSeconds
  })
  const { dropped, keys } = body === null ? plain : data ?? plain

  return (
    <Section
      title="Effective configuration"
      id="configuration"
      note={body === null ? "what a run of yours would get, now" : "what a run with that body would get, now"}
    >
      <KeyTable
        label="Effective configuration"
        keys={keys}
        dropped={dropped.map((key) => ({ ...key, reason: key.dropped ?? "no reason is known" }))}
      />
      {error !== null && body !== null && <Problem error={error} what="A run with that body" />}
      <RunBody onBody={setBody} />
    </Section>
  )
}
