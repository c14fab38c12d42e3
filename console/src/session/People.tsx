import type { Person } from "../answers.ts"

interface PeopleProps {
  readonly people: ReadonlyArray<Person>
  readonly onChoose: (token: string, name: string) => void
}

const nameOf = ({ name, organization }: Person) => organization === null ? name : `${name}, ${organization}`

export const People = ({ onChoose, people }: PeopleProps) => (
  <section className="panel" aria-labelledby="people">
    <h2 id="people">As somebody of the demo</h2>
    <ul className="people">
      {people.map((person) => (
        <li key={person.user_id}>
          <button type="button" onClick={() => onChoose(person.token, nameOf(person))}>
            <strong>{person.name}</strong>
            <span>{person.organization}</span>
          </button>
        </li>
      ))}
    </ul>
  </section>
)
