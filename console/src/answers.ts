import type { AssistantVersionView } from "../../src/adapters/http/AssistantView.ts"
import type { DemoPersonView } from "../../src/adapters/http/DemoPersonView.ts"
import type { ChainsView } from "../../src/adapters/http/DoctorApi.ts"
import type { ExplanationView } from "../../src/adapters/http/ExplanationView.ts"
import type { RunRecordView } from "../../src/adapters/http/RunRecordView.ts"
import type { RunView } from "../../src/adapters/http/RunView.ts"
import type { ThreadView } from "../../src/adapters/http/ThreadView.ts"

/** What the API answers, in its own types: where one of them changes, the console no longer compiles. */
export type Explained = typeof ExplanationView.Type
export type Run = typeof RunView.Type
export type RunRecord = typeof RunRecordView.Type
export type Step = RunRecord["steps"][number]
export type Thread = typeof ThreadView.Type
export type Version = typeof AssistantVersionView.Type

/** Someone to sign in as, in the demo. */
export type Person = typeof DemoPersonView.Type

export type Doctored = typeof ChainsView.Type

/** Where people sign in with a password, if the server knows such a place. */
export interface PasswordSignIn {
  readonly url: string
  readonly anon_key: string
}
