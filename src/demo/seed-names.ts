import type { Random } from "./random.js";

interface Region {
  readonly country: string;
  /** How many of a hundred customers, roughly. */
  readonly share: number;
  readonly first: string;
  readonly last: string;
  readonly cities: string;
}

const REGIONS: readonly Region[] = [
  {
    country: "NL",
    share: 14,
    first: "Sanne Daan Lotte Bram Fleur Thijs Noor Joost",
    last: "Verhoeven Kuipers Bakker Hoekstra Dijkman Postma Roosen",
    cities: "Utrecht Groningen Haarlem Breda Zwolle",
  },
  {
    country: "DE",
    share: 18,
    first: "Anke Jonas Greta Matthis Heike Lennart Ulrike Falk",
    last: "Brandt Hofmeister Lorenz Seidel Wiegand Kranz Ostermann",
    cities: "Bremen Leipzig Kassel Freiburg Dresden",
  },
  {
    country: "FR",
    share: 10,
    first: "Camille Antoine Margaux Théo Élodie Bastien Inès",
    last: "Lefèvre Garnier Morel Chauvin Delmas Rousselet",
    cities: "Lyon Nantes Rennes Grenoble Tours",
  },
  {
    country: "GB",
    share: 16,
    first: "Imogen Callum Freya Rhys Harriet Alistair Nia Ewan",
    last: "Ashworth Pemberton Whitlock Macrae Thornbury Ellery",
    cities: "Bristol Leeds Cardiff Norwich Stirling",
  },
  {
    country: "US",
    share: 15,
    first: "Maya Ethan Simone Caleb Renee Marcus Dana Wyatt",
    last: "Hollister Okafor Bennett Castellano Whitaker Nguyen",
    cities: "Portland Madison Tucson Richmond Duluth",
  },
  {
    country: "ES",
    share: 6,
    first: "Lucía Álvaro Nerea Gonzalo Irene Mateo",
    last: "Navarro Iglesias Cortés Robledo Vidal",
    cities: "Bilbao Zaragoza Málaga Gijón",
  },
  {
    country: "IT",
    share: 5,
    first: "Chiara Lorenzo Giulia Pietro Elisa Davide",
    last: "Marchetti Ferrante Colombo Sartori Rinaldi",
    cities: "Torino Bologna Trieste Verona",
  },
  {
    country: "SE",
    share: 5,
    first: "Astrid Viktor Linnea Nils Ebba Oskar",
    last: "Lindqvist Bergström Sandell Åkesson Holm",
    cities: "Uppsala Malmö Umeå Örebro",
  },
  {
    country: "PL",
    share: 4,
    first: "Zofia Jakub Hanna Tomasz Ewa Paweł",
    last: "Zieliński Wrona Sobczak Kalinowska Mazur",
    cities: "Gdańsk Poznań Lublin Łódź",
  },
  {
    country: "CA",
    share: 4,
    first: "Amélie Liam Priya Owen Noémie",
    last: "Tremblay Sinclair Dhillon Fontaine",
    cities: "Halifax Kingston Sherbrooke Kelowna",
  },
  {
    country: "JP",
    share: 3,
    first: "Haruka Kenji Aoi Ren Yui",
    last: "Nakamura Fujimoto Ishida Kobayashi",
    cities: "Sendai Kanazawa Matsuyama",
  },
];

const TRADES = [
  "Studio",
  "Bakery",
  "Cycles",
  "Architects",
  "Print",
  "Ceramics",
  "Consulting",
  "Outdoor",
  "Coffee",
  "Dental",
  "Guitars",
  "Gardens",
  "Robotics",
  "Travel",
  "Books",
  "Optics",
];

interface Person {
  readonly name: string;
  readonly organisation: string | null;
  readonly email: string;
  readonly city: string;
  readonly country: string;
  /** A host name below `.example`. */
  readonly domain: string;
}

/** `serial` keeps addresses apart where names repeat. */
export function inventPerson(random: Random, serial: number): Person {
  const region = pickRegion(random);
  const first = random.pick(region.first.split(" "));
  const last = random.pick(region.last.split(" "));
  const trade = random.pick(TRADES);
  const organisation = random.chance(0.7) ? `${last} ${trade}` : null;
  const site = organisation ? `${slug(last)}-${slug(trade)}` : `${slug(first)}${slug(last)}`;
  const domain = `${site}-${serial}.example`;
  return {
    name: `${first} ${last}`,
    organisation,
    email: `${slug(first)}@${domain}`,
    city: random.pick(region.cities.split(" ")),
    country: region.country,
    domain,
  };
}

function pickRegion(random: Random): Region {
  let left = random.next() * REGIONS.reduce((sum, region) => sum + region.share, 0);
  return REGIONS.find((region) => (left -= region.share) < 0) ?? (REGIONS[0] as Region);
}

function slug(text: string): string {
  return text
    .replace("ł", "l")
    .replace("Ł", "L")
    .normalize("NFD")
    .replace(/[^a-z]/gi, "")
    .toLowerCase();
}
