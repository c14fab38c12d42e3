import { NativeSelect, Skeleton, TextInput } from "@mantine/core"
import { useMediaQuery } from "@mantine/hooks"
import { keepPreviousData, useQuery } from "@tanstack/react-query"
import { useDeferredValue, useEffect, useState } from "react"
import { everyTwoSeconds } from "../live.ts"
import { useSession } from "../session/Session.tsx"
import { useAnnounce } from "../shell/Announcer.tsx"
import { Page } from "../shell/Page.tsx"
import { Paging } from "../shell/Paging.tsx"
import { Problem } from "../shell/Problem.tsx"
import { AgentCard } from "./AgentRow.tsx"
import { AgentTable } from "./AgentTable.tsx"
import { healthOf, isShown, type ShownState, shownStates } from "./health.ts"
import { Tally } from "./Tally.tsx"

const pageSize = 50

/** Every agent that one may use, and how far its chain holds. */
export const AgentsPage = () => {
  const { api } = useSession()
  const announce = useAnnounce()
  const [text, setText] = useState("")
  const [shown, setShown] = useState<ShownState>("all")
  const [offset, setOffset] = useState(0)
  const name = useDeferredValue(text.trim())
  const narrow = useMediaQuery("(max-width: 62rem)", false, { getInitialValueInEffect: false })

  const { data, error, refetch } = useQuery({
    queryKey: ["doctor", name, offset],
    queryFn: ({ signal }) => api.doctor({ limit: pageSize, offset, ...(name === "" ? {} : { name }) }, signal),
    placeholderData: keepPreviousData,
    ...everyTwoSeconds
  })
  const health = data === undefined ? null : healthOf(data.chains)
  const told = health === null ? "" : `${health.broken} of ${health.all} agents broken`
  useEffect(() => announce(told), [announce, told])
  const chains = (data?.chains ?? []).filter((chain) => isShown(chain, shown))

  return (
    <Page title="Agents" aside={health !== null && <Tally {...health} />}>
      <search className="filter">
        <TextInput
          label="Name"
          placeholder="Part of a name"
          type="search"
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value)
            setOffset(0)
          }}
        />
        <NativeSelect
          label="Show"
          data={shownStates}
          value={shown}
          onChange={({ currentTarget: { value } }) =>
            setShown(shownStates.find((state) => state.value === value)?.value ?? "all")}
        />
      </search>
      {error !== null && <Problem error={error} what="The agents" onRetry={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton height={220} aria-label="Looking at the agents" />}
      {data !== undefined && chains.length === 0 && (
        <p className="empty">
          {data.total === 0 && name === ""
            ? "You may use no agent: you are a member of no organisation that has one."
            : "No agent is like this."}
        </p>
      )}
      {chains.length > 0 && (narrow
        ? <ul className="cards">{chains.map((agent) => <AgentCard key={agent.agent_id} agent={agent} />)}</ul>
        : <AgentTable chains={chains} />)}
      {data !== undefined && <Paging total={data.total} offset={offset} size={pageSize} onOffset={setOffset} />}
    </Page>
  )
}
