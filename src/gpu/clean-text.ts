/** What another program said, fit for a line of text: no control or invisible characters, at most `most` long. */
export function cleanText(text: string, most: number): string {
  const plain = text.replace(/\p{C}/gu, ' ').replace(/\s+/g, ' ').trim();
  return plain.length > most ? `${plain.slice(0, most - 1)}…` : plain;
}
