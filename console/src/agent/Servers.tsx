import { VisuallyHidden } from "@mantine/core"
import { StateMark } from "../agents/StateMark.tsx"
import type { Explained } from "../answers.ts"
import { Section } from "../shell/Section.tsx"
import { durationText } from "../words/durations.ts"

/** What was asked of tool servers, of an agent now or of a run when it began. */
export interface AskedServer {
  readonly name: string
  readonly url: string
  readonly tools: ReadonlyArray<string>
  readonly error: string | null
  readonly ms: number | null
  readonly auth_required?: boolean
}

export const ServerList = ({ servers }: { readonly servers: ReadonlyArray<AskedServer> }) => (
  <ul className="servers">
    {servers.map((server) => (
      <li key={`${server.name} ${server.url}`}>
        <StateMark state={server.error === null ? "ok" : "broken"} />
        <div>
          <strong>{server.name}</strong>
          <VisuallyHidden>{server.error === null ? "answers" : "does not answer"}</VisuallyHidden>
          <code className="url">{server.url}</code>
          {server.auth_required === true && <span className="note">gets your token</span>}
          {server.error !== null && <p className="say-broken">{server.error}</p>}
          {server.tools.length > 0 && (
            <ul className="tools" aria-label={`Tools of ${server.name}`}>
              {server.tools.map((tool) => (
                <li key={tool}>
                  <code>{tool}</code>
                </li>
              ))}
            </ul>
          )}
          {server.error === null && server.tools.length === 0 && <p className="note">It has no tools.</p>}
        </div>
        {server.ms !== null && <span className="ms">{durationText(server.ms)}</span>}
      </li>
    ))}
  </ul>
)

export const Servers = ({ servers }: { readonly servers: Explained["servers"] }) => (
  <Section title="Tool servers" id="servers" note="asked now">
    {servers.length === 0
      ? <p className="empty">It has no tool servers.</p>
      : (
        <ServerList
          servers={servers.map((server) => ({
            ...server,
            error: server.reachable ? null : server.error ?? "It does not answer."
          }))}
        />
      )}
  </Section>
)
