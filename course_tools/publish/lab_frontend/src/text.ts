// All that the page says stands in text.json, ready to be translated.
import said from "./text.json";

type Said = typeof said;
export type Key = { [room in keyof Said]: `${room}.${Extract<keyof Said[room], string>}` }[keyof Said];

/** A text by its key, with {names} replaced by values. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  const [room, name] = key.split(".");
  const text = (said as Record<string, Record<string, string>>)[room][name];
  return text.replace(/\{(\w+)\}/g, (_, word) => String(values[word] ?? ""));
}

export const percent = (share: number) =>
  `${share > 0.99 && share < 1 ? (100 * share).toFixed(1) : Math.round(100 * share)} %`;
export const nats = (value: number) => value.toFixed(Math.abs(value) < 100 ? 1 : 0).replace("-", "−");
