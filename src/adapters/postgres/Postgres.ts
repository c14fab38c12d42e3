import { Layer } from "effect"
import { databaseLayer, type DatabaseOptions } from "./Database.ts"
import { PgAgentSource } from "./PgAgentSource.ts"
import { PgAssistants } from "./PgAssistants.ts"
import { PgMemberships } from "./PgMemberships.ts"
import { PgRunLedger } from "./PgRunLedger.ts"
import { PgRuns } from "./PgRuns.ts"
import { PgStorage, type StorageOptions } from "./PgStorage.ts"
import { PgSyncedAssistants } from "./PgSyncedAssistants.ts"
import { PgThreads } from "./PgThreads.ts"

/** Every port that is kept in the database, on one pool. */
export const postgresLayer = <E>(options: DatabaseOptions & StorageOptions<E>) =>
  Layer.mergeAll(
    PgStorage(options),
    PgAgentSource,
    PgAssistants,
    PgMemberships,
    PgRunLedger,
    PgRuns,
    PgSyncedAssistants,
    PgThreads
  ).pipe(Layer.provideMerge(databaseLayer(options)))
