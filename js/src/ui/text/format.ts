/** Numbers and sizes as people say them, in one language. */
export interface Amounts {
  integer(value: number): string;
  /** 2500000000 is "2.5 GB", or "2.3 GiB". */
  bytes(value: number): string;
  percent(fraction: number): string;
}

/** The same, and times. */
export interface Format extends Amounts {
  /** A moment as the wall clock shows it: "14:32". */
  time(unix_s: number): string;
  /** The same with its day, unless that is today: "26 Nov, 14:32". */
  moment(unix_s: number): string;
}

export type Units = "decimal" | "binary";

const UNITS = { decimal: ["B", "kB", "MB", "GB", "TB"], binary: ["B", "KiB", "MiB", "GiB", "TiB"] };
const WALL_CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
const made = new Map<string, Format>();

/** Making an `Intl` object is slow, so there is one set a language. */
export function formatFor(lang: string, units: Units = "decimal"): Format {
  const known = made.get(`${lang} ${units}`);
  if (known) return known;
  const times = new Intl.DateTimeFormat(lang, WALL_CLOCK);
  const moments = new Intl.DateTimeFormat(lang, { day: "numeric", month: "short", ...WALL_CLOCK });
  const format: Format = {
    ...amountsFor(lang, units),
    time: (unix_s) => times.format(new Date(unix_s * 1000)),
    moment(unix_s) {
      const at = new Date(unix_s * 1000);
      const isToday = at.toDateString() === new Date().toDateString();
      return (isToday ? times : moments).format(at);
    },
  };
  made.set(`${lang} ${units}`, format);
  return format;
}

/** Numbers and sizes alone, for whoever says no time. */
export function amountsFor(lang: string, units: Units): Amounts {
  const integers = new Intl.NumberFormat(lang, { maximumFractionDigits: 0 });
  const tenths = new Intl.NumberFormat(lang, { maximumFractionDigits: 1 });
  const percents = new Intl.NumberFormat(lang, { style: "percent", maximumFractionDigits: 0 });
  const [base, names] = [units === "binary" ? 1024 : 1000, UNITS[units]];
  return {
    integer: (value) => integers.format(value),
    bytes(value) {
      let unit = 0;
      let shown = value;
      while (shown >= base - 0.5 && unit < names.length - 1) {
        shown /= base;
        unit += 1;
      }
      const number = unit < 2 || shown >= 99.95 ? integers.format(shown) : tenths.format(shown);
      return `${number}\u00a0${names[unit]}`;
    },
    percent: (fraction) => percents.format(fraction),
  };
}

/** A countdown: "4:12", "1:04:12". Rounds up, so that 0:00 means over. */
export function clock(left_s: number): string {
  const whole = Math.max(0, Math.ceil(left_s));
  const [hours, minutes, seconds] = [
    Math.floor(whole / 3600),
    Math.floor(whole / 60) % 60,
    whole % 60,
  ];
  const two = (value: number) => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

/** A length of time in its largest whole unit, as magics take it: "30m", "1h", "90s". */
export function span(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600}h`;
  if (seconds % 60 === 0) return `${seconds / 60}m`;
  return `${seconds}s`;
}

/** A length of time as people say it: "30 min", "1 h", "90 s". */
export function duration(seconds: number): string {
  const rounded = seconds < 90 ? Math.max(1, Math.round(seconds)) : Math.round(seconds / 60) * 60;
  if (rounded % 3600 === 0) return `${rounded / 3600}\u00a0h`;
  return rounded < 90 ? `${rounded}\u00a0s` : `${rounded / 60}\u00a0min`;
}

/** The seconds a load still takes if it goes on as it did; `null` while that is a guess. */
export function loadLeft(fraction: number, elapsed_s: number): number | null {
  if (fraction < 0.05 || fraction >= 1 || elapsed_s < 1) return null;
  return (elapsed_s / fraction) * (1 - fraction);
}
