import { PgClient, type PgConnection } from "@effect/sql-pg"
import { Context, Effect, Layer } from "effect"
import { Reactivity } from "effect/reactivity"
import { SqlClient } from "effect/sql"
import { promptLine } from "./PromptLine.ts"

/**
 * The client for statements that are soon done and wait for no lock: of a run, by its key. They go over a line that all
 * share, where one that takes long would hold up everybody's; within a transaction of the other client they belong to it.
 * One that is given up by whoever asked is carried out all the same.
 */
export class PromptSql extends Context.Service<PromptSql, PgClient.PgClient>()(
  "throughline/adapters/postgres/PromptSql"
) {
  /** Without a line it is the other client: a pooler, or so small a pool, has no connection to spare. */
  static readonly layer = (line: PgConnection.Config | null): Layer.Layer<PromptSql, never, PgClient.PgClient> =>
    Layer.effect(
      PromptSql,
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        if (line === null) return sql
        const lend = yield* promptLine(line, sql.reserve)
        const client = yield* SqlClient.make({
          acquirer: sql.reserve,
          borrower: (statement) => {
            const connection = lend()
            return connection === undefined
              ? Effect.scoped(Effect.flatMap(sql.reserve, statement))
              : statement(connection)
          },
          compiler: PgClient.makeCompiler(),
          driver: sql.driver,
          spanAttributes: [["db.system.name", "postgresql"]],
          transactionService: sql.transactionService
        })
        const { config, json, listen, notify } = sql
        return Object.assign(client, { [PgClient.TypeId]: PgClient.TypeId, config, json, listen, notify })
      })
    ).pipe(Layer.provide(Reactivity.layer))

  /** For those who know of one client only. */
  static readonly asClient: Layer.Layer<PgClient.PgClient, never, PromptSql> = Layer.effect(
    PgClient.PgClient,
    PromptSql
  )
}
