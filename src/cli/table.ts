/** One cell: what to show, and how to paint it once it is padded. */
export interface Cell {
  readonly text: string;
  readonly paint?: (padded: string) => string;
}

/** Lines of aligned columns, two spaces apart; the last column isn't padded. Every row is as long as the header. */
export function table(header: readonly string[], rows: readonly (readonly Cell[])[]): string[] {
  const all = [header.map((text): Cell => ({ text })), ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.text.length ?? 0)));
  return all.map((row) =>
    row
      .map((cell, column) => show(cell, column, widths))
      .join('  ')
      .trimEnd(),
  );
}

function show({ text, paint }: Cell, column: number, widths: readonly number[]): string {
  const padded = column === widths.length - 1 ? text : text.padEnd(widths[column] ?? 0);
  return paint === undefined ? padded : paint(padded);
}
