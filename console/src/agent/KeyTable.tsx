import type { KeyOrigin } from "../../../src/domain/EffectiveConfig.ts"
import type { Json } from "../../../src/domain/Json.ts"
import { Value } from "../shell/Value.tsx"
import { originText } from "./origins.ts"

interface Given {
  readonly from: KeyOrigin
  readonly value?: Json
  readonly dropped: string | null
}

export interface Key {
  readonly key: string
  readonly value: Json
  readonly origin: KeyOrigin
  readonly given?: ReadonlyArray<Given>
}

export interface Dropped {
  readonly key: string
  readonly from: KeyOrigin
  readonly reason: string
  readonly value?: Json
}

const Overridden = ({ given }: { readonly given: ReadonlyArray<Given> }) => (
  <ul className="overridden">
    {given.map(({ dropped, from, value }, index) => (
      <li key={index}>
        {originText(from)} {value !== undefined && <Value value={value} />} <span className="note">{dropped}</span>
      </li>
    ))}
  </ul>
)

/** What somebody wrote comes before what the server adds to every run. */
const order: ReadonlyArray<KeyOrigin> = ["request", "header", "assistant", "default", "server"]

const byOrigin = (keys: ReadonlyArray<Key>) =>
  keys.toSorted((a, b) => order.indexOf(a.origin) - order.indexOf(b.origin) || (a.key < b.key ? -1 : 1))

interface KeyTableProps {
  readonly keys: ReadonlyArray<Key>
  readonly dropped: ReadonlyArray<Dropped>
  readonly label: string
}

/**
 * A configuration, key by key: what is in force, whose word it is, and what had to give way to it. On a phone a row is a
 * block of its own, which takes a table its roles: they are said.
 */
export const KeyTable = ({ dropped, keys, label }: KeyTableProps) => (
  <>
    <table role="table" className="keys" aria-label={label}>
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">Key</th>
          <th role="columnheader" scope="col">In force</th>
          <th role="columnheader" scope="col">From</th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {byOrigin(keys).map(({ given = [], key, origin, value }) => {
          const gaveWay = given.filter((one) => one.dropped !== null)
          return (
            <tr role="row" key={key}>
              <th role="rowheader" scope="row">
                <code>{key}</code>
              </th>
              <td role="cell">
                {value === null && origin === "server"
                  ? <span className="note">set when it runs</span>
                  : <Value value={value} />}
                {gaveWay.length > 0 && <Overridden given={gaveWay} />}
              </td>
              <td role="cell">
                <span className={`origin origin-${origin}`}>{originText(origin)}</span>
              </td>
            </tr>
          )
        })}
      </tbody>
    </table>
    {dropped.length > 0 && (
      <div className="dropped">
        <h3>Given, and not in force</h3>
        <ul>
          {dropped.map(({ from, key, reason, value }, index) => (
            <li key={index}>
              <code>{key}</code> from the {originText(from)}: {reason}
              {value !== undefined && <Value value={value} />}
            </li>
          ))}
        </ul>
      </div>
    )}
  </>
)
