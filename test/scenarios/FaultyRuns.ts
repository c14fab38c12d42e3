import { Effect, Option, Redacted, Stream } from "effect"
import * as LangGraphs from "../../src/adapters/langgraph/LangGraphs.ts"
import * as McpToolSource from "../../src/adapters/mcp/McpToolSource.ts"
import * as GuardedFetch from "../../src/adapters/outbound/GuardedFetch.ts"
import { PgBossRunQueue } from "../../src/adapters/postgres/PgBossRunQueue.ts"
import { PgRunEvents } from "../../src/adapters/postgres/PgRunEvents.ts"
import { PgRunLedger } from "../../src/adapters/postgres/PgRunLedger.ts"
import { PgRuns } from "../../src/adapters/postgres/PgRuns.ts"
import * as AesSecretBox from "../../src/adapters/secrets/AesSecretBox.ts"
import type { EffectiveConfig } from "../../src/domain/EffectiveConfig.ts"
import { RunOutcome } from "../../src/domain/Run.ts"
import { ThreadId } from "../../src/domain/Thread.ts"
import { AgentGraphs, type GraphRun } from "../../src/ports/AgentGraphs.ts"
import { Outbound } from "../../src/ports/Outbound.ts"
import { RunEvents } from "../../src/ports/RunEvents.ts"
import { RunQueue } from "../../src/ports/RunQueue.ts"
import { RunLedger, Runs } from "../../src/ports/Runs.ts"
import { SecretBox } from "../../src/ports/SecretBox.ts"
import { ToolSource } from "../../src/ports/ToolSource.ts"
import { startEchoingProvider } from "../support/EchoingProvider.ts"
import { type Faults, named, playing } from "../support/Faults.ts"
import { altered } from "../support/Parts.ts"
import { brokenToolServers, callPatience, patience } from "./BrokenToolServers.ts"
import { allowLocalhost, callersEndpoints } from "./CallersEndpoints.ts"
import { callersTokens } from "./CallersTokens.ts"
import { noCredentialAnywhere, tellTale } from "./Canary.ts"
import { cancelledRuns } from "./CancelledRuns.ts"
import { effectiveConfiguration } from "./EffectiveConfiguration.ts"
import { failedRuns } from "./FailedRuns.ts"
import { session72 } from "./Session72.ts"
import { streams } from "./Streams.ts"

/** Runs that are pinned to something else than what was decided. */
const pinning = (as: (configuration: EffectiveConfig, thread: string) => EffectiveConfig) => () => ({
  runs: altered(Runs, PgRuns, ({ create }) => ({
    create: (run, ...rest) => create({ ...run, configuration: as(run.configuration, run.thread_id) }, ...rest)
  }))
})

/** Graphs that run with something else than what they were given. */
const running = (as: (run: GraphRun) => GraphRun) => () => ({
  graphs: altered(AgentGraphs, LangGraphs.layer(), ({ run }) => ({ run: (asked) => run(as(asked)) }))
})

const configured = (run: GraphRun, configurable: EffectiveConfig["configurable"]): GraphRun => ({
  ...run,
  configuration: { ...run.configuration, configurable: { ...run.configuration.configurable, ...configurable } }
})

const tokenOf = ({ token }: GraphRun) => token === null ? "" : Redacted.value(token)

/** Only what a run says itself, when it says something. */
const dropping = (configuration: EffectiveConfig): EffectiveConfig => {
  const { configurable, origins } = configuration
  if (!Object.values(origins).includes("request")) return configuration
  const kept = Object.entries(configurable).filter(([key]) => origins[key] !== "assistant")
  return { ...configuration, configurable: Object.fromEntries(kept) }
}

const sticking = () => {
  const first = new Map<string, EffectiveConfig>()
  return pinning((configuration, thread) => {
    const before = first.get(thread) ?? configuration
    first.set(thread, before)
    return before
  })()
}

/** The whole search for canaries, where one provider tells everything. */
export const canaries = async () => {
  const echo = await startEchoingProvider()
  return { world: { env: tellTale(echo) }, caughtBy: playing(noCredentialAnywhere(echo)), close: echo.close }
}

/** Faults of what a run runs with, and of what is told of it. */
export const faultyRuns: Faults = {
  "one key of a run wipes the assistant's others": {
    swapped: pinning(dropping),
    caughtBy: named(effectiveConfiguration, "one key of a run leaves the assistant's others as they are"),
    noticed: /to equal 'gpt-4o-mini'/
  },
  "the first run's configuration sticks to the thread": {
    swapped: sticking,
    caughtBy: named(
      effectiveConfiguration,
      "an edited row reaches the next message of a thread, and another assistant is another one"
    ),
    noticed: /to include 'Du bist jetzt Notar\.'/
  },
  "each message begins a new conversation": {
    swapped: running((run) => ({ ...run, threadId: ThreadId.make(crypto.randomUUID()) })),
    caughtBy: playing(session72),
    noticed: /\[ 'human', 'ai' \] to deeply equal/
  },
  "tools are closed before they are used": {
    swapped: () => ({
      toolSource: altered(ToolSource, McpToolSource.layer(), ({ load }) => ({
        load: (request) => Effect.scoped(load(request))
      }))
    }),
    caughtBy: playing(session72),
    noticed: /the tool was really called/
  },
  "one dead server takes all tools with it": {
    swapped: () => ({
      toolSource: altered(
        ToolSource,
        McpToolSource.layer({ connectTimeout: patience, callTimeout: callPatience }),
        ({ load }) => ({
          load: (request) =>
            Effect.map(load(request), ({ report, tools }) => ({
              report,
              tools: report.servers.some(({ error }) => error !== null) ? [] : tools
            }))
        })
      )
    }),
    caughtBy: named(
      brokenToolServers,
      "a dead, a slow, a silent and a refusing server cost their own tools only, and everybody is told"
    ),
    noticed: /result for erste/
  },
  "a run that failed is a success": {
    swapped: () => ({
      runLedger: altered(RunLedger, PgRunLedger, ({ settle }) => ({
        settle: (claim, outcome, steps, atEnd) =>
          settle(claim, RunOutcome.Completed({ interrupts: {}, waiting: false }), steps, (run) => atEnd(run, outcome))
      }))
    }),
    caughtBy: named(failedRuns, "a model that refuses ends the run as an error, wherever one looks"),
    noticed: /undefined to equal 'error'/
  },
  "nobody tells a run that it is to stop": {
    swapped: ({ runs, shutdownSeconds }) => ({
      runQueue: altered(
        RunQueue,
        PgBossRunQueue({
          concurrency: runs.perProcess,
          heartbeatSeconds: runs.heartbeatSeconds,
          drainFor: `${shutdownSeconds} seconds`
        }),
        ({ work }) => ({
          stop: () => Effect.void,
          // Nor by the next heartbeat.
          work: (worker) => work({ ...worker, stopRequests: () => Effect.succeed([]) })
        })
      )
    }),
    caughtBy: named(
      cancelledRuns,
      "a stop aborts the model's request at once and keeps what was said so far"
    ),
    noticed: /the model's request is gone did not happen/
  },
  "whoever reads has missed the beginning": {
    swapped: () => ({
      runEvents: altered(RunEvents, PgRunEvents(), ({ read }) => ({
        read: (runId, after) => Stream.drop(read(runId, after), after === -1 ? 1 : 0)
      }))
    }),
    caughtBy: named(streams, "frames are numbered, the first says which run it is, and headers say where it is"),
    noticed: /\[ 'values', 'values' \] to deeply equal/
  },
  "every server gets a token": {
    // A token of its own: the caller's is not even kept for a run of which no server may have it.
    swapped: () => ({
      toolSource: altered(ToolSource, McpToolSource.layer(), ({ load }) => ({
        load: (request) => load({ ...request, trusted: true, token: request.token ?? Redacted.make("a token") })
      }))
    }),
    caughtBy: named(callersTokens, "servers that a member names get no token: they are skipped, and that is said"),
    noticed: /to have a length of \+?0/
  },
  "the server's key goes wherever a caller points": {
    swapped: ({ providers }) =>
      running((run) =>
        configured(run, {
          custom_api_key: Option.match(providers.openai.apiKey, { onNone: () => "", onSome: Redacted.value })
        })
      )(),
    caughtBy: named(callersEndpoints, "the server's key goes to no endpoint that a caller names"),
    world: { env: allowLocalhost },
    noticed: /__error__/
  },
  "callers reach the operator's network": {
    swapped: ({ outboundAllow }) => ({
      outbound: altered(Outbound, GuardedFetch.layer({ allow: outboundAllow }), ({ trusted }) => ({ guarded: trusted }))
    }),
    caughtBy: named(callersEndpoints, "an endpoint in the operator's network is out of reach, however it is written"),
    world: { env: allowLocalhost },
    noticed: /__error__|OutboundRefused/
  }
}

/** Faults that leave a credential somewhere. */
export const leakingRuns: Readonly<Record<string, Pick<Faults[string], "swapped" | "noticed">>> = {
  "secrets are kept as they are": {
    swapped: ({ secretsKey }) => ({
      secretBox: altered(SecretBox, AesSecretBox.layer(secretsKey), () => ({ seal: Effect.succeed }))
    }),
    noticed: /in the database: .*custom key/s
  },
  "the token lies beside each checkpoint": {
    swapped: running((run) => ({
      ...run,
      configuration: { ...run.configuration, metadata: { ...run.configuration.metadata, token: tokenOf(run) } }
    })),
    noticed: /in the database: /
  },
  "a run logs what it runs with": {
    swapped: () => ({
      graphs: altered(AgentGraphs, LangGraphs.layer(), ({ run }) => ({
        run: (asked) =>
          Stream.unwrap(Effect.as(Effect.logDebug("Configuration", asked.configuration.configurable), run(asked)))
      }))
    }),
    noticed: /in the logs: /
  }
}
