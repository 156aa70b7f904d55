import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { dirname, join } from "node:path";

interface Flight {
  readonly date: string;
  readonly delay: number;
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

export interface FlightRecord {
  /** The airport where the flight starts. */
  readonly key: string;
  readonly value: string;
}

/** 20,000 flights of the year 2001 within the United States, in the order of their departure. */
export function readFlights(): FlightRecord[] {
  const manifest = findPackageJSON("vega-datasets", import.meta.url);
  if (manifest === undefined) throw new Error("vega-datasets is not installed: run npm install");
  const path = join(dirname(manifest), "data/flights-20k.json");
  const flights = JSON.parse(readFileSync(path, "utf8")) as readonly Flight[];
  return flights.map((flight) => ({ key: flight.origin, value: JSON.stringify(flight) }));
}
