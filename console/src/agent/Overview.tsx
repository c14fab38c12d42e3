import { StateMark } from "../agents/StateMark.tsx"
import type { Explained } from "../answers.ts"
import { Facts } from "../shell/Facts.tsx"
import { Section } from "../shell/Section.tsx"
import { Moment } from "../words/Moment.tsx"

/** Through what one sees it: the first question of whoever sees too much, or too little. */
const Visible = ({ visible }: { readonly visible: Explained["visible"] }) => {
  switch (visible._tag) {
    case "Owner":
      return <>to you alone: you made it</>
    case "Graph":
      return <>to everybody: it is its graph's default</>
    case "Personal":
      return (
        <>
          to you alone, as {visible.role} of <code>{visible.organization_id}</code>
        </>
      )
    case "Membership":
      return (
        <>
          to members of <code>{visible.organization_id}</code>; you are its {visible.role}
        </>
      )
  }
}

const keyWords = {
  server: "set on the server",
  run: "given with the run",
  assistant: "kept with the assistant",
  absent: "absent: a run would fail"
} as const

const Model = ({ model }: { readonly model: NonNullable<Explained["model"]> }) => (
  <span className="with-mark">
    <StateMark state={model.problem === null ? "ok" : "broken"} />
    <span>
      <code>{model.name}</code>; {model.provider === null ? "unknown provider" : `key of ${model.provider}`}:{" "}
      {keyWords[model.key]}
      {model.problem !== null && <p className="say-broken">{model.problem}</p>}
    </span>
  </span>
)

export const Overview = ({ explained }: { readonly explained: Explained }) => (
  <Section title="What it is" id="overview">
    <Facts
      facts={[
        ["Model", explained.model === null ? "named by its graph" : <Model model={explained.model} />],
        ["Visible", <Visible visible={explained.visible} />],
        ["Graph", <code>{explained.graph_id}</code>],
        ["Version", String(explained.assistant_version)],
        ["Recursion limit", `${explained.recursion_limit} steps`],
        explained.tags.length === 0 ? null : ["Tags", explained.tags.join(", ")],
        ["Id", <code className="id">{explained.assistant_id}</code>],
        explained.stale_since === null ? null : ["Last in force", <Moment at={explained.stale_since} />]
      ]}
    />
    {explained.warnings.length > 0 && (
      <ul className="warnings">
        {explained.warnings.map((warning) => (
          <li key={warning}>
            <StateMark state="warning" /> {warning}
          </li>
        ))}
      </ul>
    )}
  </Section>
)
