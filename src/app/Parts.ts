import { Layer, Option } from "effect"
import { SupabaseTokens } from "../adapters/jwt/SupabaseTokens.ts"
import * as LanggraphUi from "../adapters/langgraph-ui/LanggraphUi.ts"
import * as DryRunner from "../adapters/langgraph/DryRunner.ts"
import * as LangGraphs from "../adapters/langgraph/LangGraphs.ts"
import * as McpToolSource from "../adapters/mcp/McpToolSource.ts"
import * as GuardedFetch from "../adapters/outbound/GuardedFetch.ts"
import { PgAgentChanges } from "../adapters/postgres/PgAgentChanges.ts"
import { PgAgentEvidence } from "../adapters/postgres/PgAgentEvidence.ts"
import { PgAgentSightings } from "../adapters/postgres/PgAgentSightings.ts"
import { PgAgentSource } from "../adapters/postgres/PgAgentSource.ts"
import { PgAssistants } from "../adapters/postgres/PgAssistants.ts"
import { PgBossRunQueue } from "../adapters/postgres/PgBossRunQueue.ts"
import { PgCronLedger } from "../adapters/postgres/PgCronLedger.ts"
import { PgCrons } from "../adapters/postgres/PgCrons.ts"
import { PgLeftovers } from "../adapters/postgres/PgLeftovers.ts"
import { PgMemberships } from "../adapters/postgres/PgMemberships.ts"
import { PgRunEvents } from "../adapters/postgres/PgRunEvents.ts"
import { PgRunLedger } from "../adapters/postgres/PgRunLedger.ts"
import { PgRuns } from "../adapters/postgres/PgRuns.ts"
import { PgStateClaims } from "../adapters/postgres/PgStateClaims.ts"
import { PgStore } from "../adapters/postgres/PgStore.ts"
import { PgStoreMeanings } from "../adapters/postgres/PgStoreMeanings.ts"
import { PgSubruns } from "../adapters/postgres/PgSubruns.ts"
import { PgSyncedAssistants } from "../adapters/postgres/PgSyncedAssistants.ts"
import { PgThreadRuns } from "../adapters/postgres/PgThreadRuns.ts"
import { PgThreads } from "../adapters/postgres/PgThreads.ts"
import { PgWebhooks } from "../adapters/postgres/PgWebhooks.ts"
import * as AesSecretBox from "../adapters/secrets/AesSecretBox.ts"
import { SignIn } from "../ports/SignIn.ts"
import type { ServerSettings } from "./ServerSettings.ts"

/** One part per port: what the server is made of. Tests swap one. */
export const parts = (settings: ServerSettings) => ({
  outbound: GuardedFetch.layer({ allow: settings.outboundAllow }),
  secretBox: AesSecretBox.layer(settings.secretsKey),
  tokenVerifier: SupabaseTokens.layer({ supabaseUrl: settings.supabaseUrl, jwtSecret: settings.supabaseJwtSecret }),
  signIn: Layer.succeed(SignIn, {
    supabase: Option.all({ url: settings.supabaseUrl, anonKey: settings.supabaseAnonKey }),
    demoPeople: Option.none()
  }),
  agentSource: PgAgentSource,
  agentSightings: PgAgentSightings({ allowedSeconds: settings.staleSeconds }),
  agentChanges: PgAgentChanges,
  assistants: PgAssistants,
  syncedAssistants: PgSyncedAssistants,
  memberships: PgMemberships,
  threads: PgThreads,
  stateClaims: PgStateClaims,
  store: PgStore,
  storeMeanings: PgStoreMeanings,
  crons: PgCrons,
  cronLedger: PgCronLedger,
  runs: PgRuns,
  runLedger: PgRunLedger,
  subruns: PgSubruns,
  toolSource: McpToolSource.layer(),
  graphs: LangGraphs.layer(settings.langgraph.graphs),
  components: LanggraphUi.layer(settings.langgraph.components),
  agentEvidence: PgAgentEvidence,
  leftovers: PgLeftovers,
  dryRuns: DryRunner.layer,
  runEvents: PgRunEvents(),
  threadRuns: PgThreadRuns,
  runQueue: PgBossRunQueue({
    concurrency: settings.runs.perProcess,
    heartbeatSeconds: settings.runs.heartbeatSeconds,
    drainFor: `${settings.shutdownSeconds} seconds`
  }),
  webhooks: PgWebhooks
})

export type Parts = ReturnType<typeof parts>
