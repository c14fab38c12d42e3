import { Config, ConfigProvider, Effect, Option, Redacted } from "effect"
import { parseRunOverrides } from "../domain/EffectiveConfig.ts"
import { parseSyncScope, SyncScope } from "../domain/SyncScope.ts"
import { InvalidSetting } from "./InvalidSetting.ts"
import { type LanggraphJson, langgraphJson } from "./LanggraphJson.ts"

export { InvalidSetting } from "./InvalidSetting.ts"

const setting = <A>(variable: string, expected: string, config: Config.Config<A>) =>
  Effect.gen(function*() {
    return yield* config
  }).pipe(Effect.mapError(() => new InvalidSetting({ variable, expected })))

const text = (variable: string) => setting(variable, "a text", Config.option(Config.String(variable)))
const secret = (variable: string) => setting(variable, "a text", Config.option(Config.Redacted(variable)))

const whole = (variable: string, fallback: number, least: number, most: number) => {
  const expected = `a whole number from ${least} to ${most}`
  return setting(variable, expected, Config.withDefault(Config.Int(variable), fallback)).pipe(
    Effect.filterOrFail((value) => value >= least && value <= most, () => new InvalidSetting({ variable, expected }))
  )
}

const wholeIfSet = (variable: string, least: number, most: number) =>
  Effect.flatMap(
    text(variable),
    (value) => Option.isNone(value) ? Effect.succeedNone : Effect.asSome(whole(variable, least, least, most))
  )

const url = (variable: string, protocols: ReadonlyArray<string>) =>
  setting(variable, `a URL (${protocols.join(" or ")}…)`, Config.option(Config.Redacted(variable))).pipe(
    Effect.filterOrFail(
      Option.match({
        onNone: () => true,
        onSome: (value) => protocols.some((protocol) => isUrl(Redacted.value(value), protocol))
      }),
      () => new InvalidSetting({ variable, expected: `a URL that starts with ${protocols.join(" or ")}` })
    )
  )

const isUrl = (value: string, protocol: string) => value.startsWith(protocol) && URL.canParse(value)

const publicUrl = (variable: string) =>
  Effect.map(url(variable, ["http://", "https://"]), Option.map((value) => Redacted.value(value).replace(/\/+$/, "")))

const list = (variable: string) =>
  Effect.map(
    text(variable),
    (value) => Option.getOrElse(value, () => "").split(",").map((item) => item.trim()).filter((item) => item !== "")
  )

/** A malformed scope must not sync more than was meant, and is no reason not to start (contract 1). */
const syncScope = Effect.map(text("AGENT_SYNC_SCOPE"), (written) => {
  const parsed = Option.map(written, parseSyncScope)
  return {
    given: Option.isSome(written),
    scope: Option.getOrElse(Option.flatten(parsed), () => SyncScope.None()),
    malformed: Option.isSome(parsed) && Option.isNone(parsed.value)
  }
})

/** `CORS_ORIGINS` before what the langgraph.json says; where neither says anything, anybody without credentials. */
const corsPolicy = (origins: ReadonlyArray<string>, cors: LanggraphJson["cors"]) => {
  const allowed = origins.length > 0 ? origins : cors.allow_origins ?? []
  const pattern = origins.length > 0 ? undefined : cors.allow_origin_regex
  const anybody = allowed.includes("*") || (allowed.length === 0 && pattern === undefined)
  return {
    corsOrigins: anybody ? ("*" as const) : allowed,
    cors: {
      ...(pattern === undefined ? {} : { originPattern: RegExp(`^(?:${pattern})$`) }),
      ...(cors.allow_methods === undefined ? {} : { methods: cors.allow_methods }),
      ...(cors.allow_headers === undefined ? {} : { headers: cors.allow_headers }),
      ...(cors.expose_headers === undefined ? {} : { exposed: cors.expose_headers }),
      ...(cors.max_age === undefined ? {} : { maxAge: cors.max_age }),
      credentials: cors.allow_credentials ?? false
    }
  }
}

/** The server's configuration, as the README documents it. A malformed value fails with one line that names it. */
export const settings = Effect.gen(function*() {
  const langgraph = yield* langgraphJson
  const corsOrigins = yield* list("CORS_ORIGINS")
  return {
    port: yield* whole("PORT", 8081, 0, 65_535),
    host: Option.getOrElse(yield* text("HOST"), () => "127.0.0.1"),
    databaseUrl: yield* url("DATABASE_URL", ["postgres://", "postgresql://"]),
    /** Given, DATABASE_URL is taken to lead to a pooler in transaction mode, and this one past it. */
    databaseDirectUrl: yield* url("DATABASE_DIRECT_URL", ["postgres://", "postgresql://"]),
    dataDirectory: yield* text("DATA_DIRECTORY"),
    databasePoolSize: yield* whole("DATABASE_POOL_SIZE", 10, 2, 1000),
    syncScope: yield* syncScope,
    /** How long assistants serve as they were last seen to agree with agents' rows that can't be read. */
    staleSeconds: yield* whole("AGENT_STALE_SECONDS", 3600, 0, 31_536_000),
    compareSeconds: yield* whole("AGENT_COMPARE_SECONDS", 300, 1, 86_400),
    supabaseUrl: yield* publicUrl("SUPABASE_URL"),
    supabaseJwtSecret: yield* secret("SUPABASE_JWT_SECRET"),
    /** Public, whatever it is called: with it, people sign in to the console with their passwords. */
    supabaseAnonKey: yield* text("SUPABASE_ANON_KEY"),
    secretsKey: yield* secret("SECRETS_KEY"),
    providers: {
      openai: { apiKey: yield* secret("OPENAI_API_KEY"), baseUrl: yield* publicUrl("OPENAI_BASE_URL") },
      anthropic: { apiKey: yield* secret("ANTHROPIC_API_KEY"), baseUrl: yield* publicUrl("ANTHROPIC_BASE_URL") },
      google: { apiKey: yield* secret("GOOGLE_API_KEY"), baseUrl: Option.none<string>() }
    },
    runOverrides: parseRunOverrides(Option.getOrElse(yield* text("RUN_OVERRIDES"), () => "safe")),
    runs: {
      heartbeatSeconds: yield* whole("RUN_HEARTBEAT_SECONDS", 15, 10, 60),
      maxAttempts: yield* whole("RUN_MAX_ATTEMPTS", 3, 1, 1000),
      timeoutSeconds: yield* whole("RUN_TIMEOUT_SECONDS", 3600, 1, 86_000),
      perProcess: yield* whole("RUNS_PER_PROCESS", 100, 1, 10_000),
      perTenant: yield* whole("RUNS_PER_ORGANISATION", 50, 1, 100_000),
      waitingPerTenant: yield* whole("RUNS_WAITING_PER_ORGANISATION", 1000, 1, 1_000_000)
    },
    outboundAllow: yield* list("OUTBOUND_ALLOW"),
    webhookSecret: yield* secret("WEBHOOK_SECRET"),
    keep: {
      eventsHours: yield* whole("RUN_EVENTS_KEEP_HOURS", 24, 1, 8760),
      eventsRuns: yield* whole("RUN_EVENTS_KEEP_RUNS", 10_000, 1, 10_000_000),
      /** None: threads are kept until somebody deletes them. */
      threadDays: yield* wholeIfSet("THREAD_TTL_DAYS", 1, 36_500)
    },
    langgraph,
    ...corsPolicy(corsOrigins, langgraph.cors),
    logLevel: yield* setting(
      "LOG_LEVEL",
      "one of trace, debug, info, warn, error, none",
      Config.withDefault(Config.Literals(["trace", "debug", "info", "warn", "error", "none"], "LOG_LEVEL"), "info")
    ),
    logFormat: yield* setting(
      "LOG_FORMAT",
      "json or pretty",
      Config.option(Config.Literals(["json", "pretty"], "LOG_FORMAT"))
    ),
    otlpEndpoint: yield* publicUrl("OTEL_EXPORTER_OTLP_ENDPOINT"),
    shutdownSeconds: yield* whole("SHUTDOWN_TIMEOUT_SECONDS", 10, 0, 3600)
  }
})

export type Settings = Effect.Success<typeof settings>

/** The environment, where a blank value means what an absent one does: `PORT=` is how compose files leave things out. */
export const environment = (env: Readonly<Record<string, string | undefined>>) =>
  ConfigProvider.layer(
    ConfigProvider.fromUnknown(
      Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ""))
    )
  )
