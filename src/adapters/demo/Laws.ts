export interface Paragraph {
  readonly law: string
  readonly paragraph: string
  readonly title: string
  readonly text: string
}

const bgb = (paragraph: string, title: string, text: string): Paragraph => ({ law: "BGB", paragraph, title, text })

/** A handful of well-known provisions, first subsections only: enough for a demo, not for advice. */
const laws: ReadonlyArray<Paragraph> = [
  bgb("195", "Regelmäßige Verjährungsfrist", "Die regelmäßige Verjährungsfrist beträgt drei Jahre."),
  bgb(
    "242",
    "Leistung nach Treu und Glauben",
    "Der Schuldner ist verpflichtet, die Leistung so zu bewirken, wie Treu und Glauben mit Rücksicht auf die "
      + "Verkehrssitte es erfordern."
  ),
  bgb(
    "280",
    "Schadensersatz wegen Pflichtverletzung",
    "(1) Verletzt der Schuldner eine Pflicht aus dem Schuldverhältnis, so kann der Gläubiger Ersatz des hierdurch "
      + "entstehenden Schadens verlangen. Dies gilt nicht, wenn der Schuldner die Pflichtverletzung nicht zu vertreten hat."
  ),
  bgb(
    "433",
    "Vertragstypische Pflichten beim Kaufvertrag",
    "(1) Durch den Kaufvertrag wird der Verkäufer einer Sache verpflichtet, dem Käufer die Sache zu übergeben und das "
      + "Eigentum an der Sache zu verschaffen. Der Verkäufer hat dem Käufer die Sache frei von Sach- und Rechtsmängeln zu "
      + "verschaffen."
  ),
  bgb(
    "535",
    "Inhalt und Hauptpflichten des Mietvertrags",
    "(1) Durch den Mietvertrag wird der Vermieter verpflichtet, dem Mieter den Gebrauch der Mietsache während der "
      + "Mietzeit zu gewähren. Der Vermieter hat die Mietsache dem Mieter in einem zum vertragsgemäßen Gebrauch geeigneten "
      + "Zustand zu überlassen und sie während der Mietzeit in diesem Zustand zu erhalten."
  ),
  bgb(
    "536",
    "Mietminderung bei Sach- und Rechtsmängeln",
    "(1) Hat die Mietsache zur Zeit der Überlassung an den Mieter einen Mangel, der ihre Tauglichkeit zum "
      + "vertragsgemäßen Gebrauch aufhebt, oder entsteht während der Mietzeit ein solcher Mangel, so ist der Mieter für die "
      + "Zeit, in der die Tauglichkeit aufgehoben ist, von der Entrichtung der Miete befreit. Für die Zeit, während der die "
      + "Tauglichkeit gemindert ist, hat er nur eine angemessen herabgesetzte Miete zu entrichten. Eine unerhebliche "
      + "Minderung der Tauglichkeit bleibt außer Betracht."
  ),
  bgb(
    "573",
    "Ordentliche Kündigung des Vermieters",
    "(1) Der Vermieter kann nur kündigen, wenn er ein berechtigtes Interesse an der Beendigung des Mietverhältnisses "
      + "hat. Die Kündigung zum Zwecke der Mieterhöhung ist ausgeschlossen."
  ),
  bgb(
    "823",
    "Schadensersatzpflicht",
    "(1) Wer vorsätzlich oder fahrlässig das Leben, den Körper, die Gesundheit, die Freiheit, das Eigentum oder ein "
      + "sonstiges Recht eines anderen widerrechtlich verletzt, ist dem anderen zum Ersatz des daraus entstehenden Schadens "
      + "verpflichtet."
  )
]

/** German inflects at the end: the first letters of the longer words are what two forms share. */
const stems = (words: string) =>
  words.toLowerCase().split(/[^\p{L}\d]+/u).filter((word) => word.length > 4 || /\d/.test(word)).map((word) =>
    word.slice(0, 6)
  )

export const searchLaws = (query: string): ReadonlyArray<Paragraph> => {
  const wanted = stems(query)
  const score = ({ paragraph, text, title }: Paragraph) => {
    const [inTitle, inText] = [`${paragraph} ${title}`.toLowerCase(), text.toLowerCase()]
    return wanted.reduce((sum, stem) => sum + (inTitle.includes(stem) ? 3 : inText.includes(stem) ? 1 : 0), 0)
  }
  return laws
    .map((law) => ({ law, score: score(law) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, 3)
    .map(({ law }) => law)
}

export const findParagraph = (law: string, paragraph: string): Paragraph | undefined =>
  laws.find((known) => known.law === law.trim().toUpperCase() && known.paragraph === paragraph.replace(/[§\s]/g, ""))
