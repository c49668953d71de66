/** The day after "2026-11-30": the server's `to` is exclusive, a person's is not. Anything else comes back as it is. */
export function NextDay(date: string): string {
  const day = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(day.getTime())) return date;
  day.setUTCDate(day.getUTCDate() + 1);
  return day.toISOString().slice(0, 10);
}
