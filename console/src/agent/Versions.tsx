import { Button } from "@mantine/core"
import { keepPreviousData, useQuery } from "@tanstack/react-query"
import { useState } from "react"
import type { Version } from "../answers.ts"
import { everyTwoSeconds } from "../live.ts"
import { useSession } from "../session/Session.tsx"
import { Problem } from "../shell/Problem.tsx"
import { Section } from "../shell/Section.tsx"
import { Value } from "../shell/Value.tsx"
import { Moment } from "../words/Moment.tsx"

const step = 5

const byWhom = (changedBy: string | null) =>
  changedBy === null ? "by somebody unknown" : changedBy === "agents" ? "in the agents' tables" : `by ${changedBy}`

const Changes = ({ changes }: Pick<Version, "changes">) => (
  <ul className="changes">
    {changes.map(({ after, before, path }) => (
      <li key={path}>
        <code className="path">{path}</code>
        <span className="before">
          <span className="sign">before</span>
          <Value value={before} />
        </span>
        <span className="after">
          <span className="sign">after</span>
          <Value value={after} />
        </span>
      </li>
    ))}
  </ul>
)

/** What it was before, newest first: each with what differs from the one it replaced. */
export const Versions = ({ assistant }: { readonly assistant: string }) => {
  const { api } = useSession()
  const [limit, setLimit] = useState(step)
  const { data, error } = useQuery({
    queryKey: ["versions", assistant, limit],
    queryFn: ({ signal }) => api.versions(assistant, limit, signal),
    placeholderData: keepPreviousData,
    ...everyTwoSeconds
  })
  return (
    <Section title="Versions" id="versions">
      {error !== null && <Problem error={error} what="The versions" />}
      <ol className="versions">
        {data?.map((version) => (
          <li key={version.version}>
            <h3>
              Version {version.version}{" "}
              <span className="note">
                <Moment at={version.created_at} />, {byWhom(version.changed_by)}
              </span>
            </h3>
            {version.changes.length > 0
              ? <Changes changes={version.changes} />
              : (
                <p className="note">
                  {version.version === 1 ? "The first one." : "Nothing that a run takes from it differs."}
                </p>
              )}
          </li>
        ))}
      </ol>
      {data !== undefined && data.length >= limit && (
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => setLimit(limit + step * 2)}
        >
          Older versions
        </Button>
      )}
    </Section>
  )
}
